import {
  type ConnectOptions,
  type Destination,
  type DestinationEvents,
  type Logger,
  Peer,
  type PeerEvents,
  type PeerOptions,
  type Unit,
  type UnitEvents,
} from "troupe";
import { onTestFinished } from "vitest";

/** What a peer has written to its log. */
export class Log implements Logger {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  error(message: string): void {
    this.errors.push(message);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}

/** For a peer whose connections end with their channels, on both sides. */
export const UNRESUMED: PeerOptions = { timeouts: { resume: 0 } };

/** A peer that is closed when the test has finished, and that logs to nobody unless told otherwise. */
export function newPeer(options: PeerOptions = {}): Peer {
  const peer = new Peer({ logger: new Log(), ...options });
  onTestFinished(() => peer.close({ timeout: 0 }));
  return peer;
}

/** The same, listening on a free port of loopback. */
export async function listening(options: PeerOptions = {}): Promise<Peer> {
  return newPeer(options).listen({ port: 0, host: "127.0.0.1" });
}

/** Where a peer of {@link listening} is dialled. */
export const addressOf = (peer: Peer): string => `ws://127.0.0.1:${peer.port}`;

/**
 * Connects two peers that do not know each other yet.
 *
 * @returns the listener as a unit of the dialer's, and the dialer as a unit of the listener's
 */
export async function join(
  dialer: Peer,
  listener: Peer,
  options: ConnectOptions = {},
): Promise<{ there: Unit; back: Unit }> {
  const met = next(listener, "unit");
  const { unit } = await dialer.connect(addressOf(listener), options);
  const [back] = await met;
  return { there: unit, back };
}

/** A peer that serves, and one that has connected to it. */
export async function pair(
  server: PeerOptions = {},
  client: PeerOptions = {},
): Promise<{ server: Peer; client: Peer; there: Unit; back: Unit }> {
  const listener = await listening({ name: "server", ...server });
  const dialer = newPeer({ name: "client", ...client });
  return { server: listener, client: dialer, ...(await join(dialer, listener)) };
}

/** What the next event of this name brings. */
export function next<K extends keyof PeerEvents>(peer: Peer, event: K): Promise<PeerEvents[K]>;
export function next<K extends keyof UnitEvents>(unit: Unit, event: K): Promise<UnitEvents[K]>;
export function next<K extends keyof DestinationEvents>(
  destination: Destination,
  event: K,
): Promise<DestinationEvents[K]>;
export function next(
  emitter: { once(event: never, listener: (...args: unknown[]) => void): unknown },
  event: string,
): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(event as never, (...args) => resolve(args)));
}

/** A promise that somebody else settles. */
export function signal<T = void>(): { promise: Promise<T>; fire: (value: T) => void } {
  let fire: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    fire = resolve;
  });
  return { promise, fire };
}

/** Everything that is due in this turn of the event loop has run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a promise is rejected with; fails the test when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`resolved to ${String(value)} instead of rejecting`);
    },
    (reason: unknown) => reason,
  );
}

import { expect } from "vitest";
import { blake2b256 } from "../../src/crypto/blake2b.ts";
import { provider as node } from "../../src/crypto/default.node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import type { TroupeError } from "../../src/errors.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import type {
  Established,
  Handshake,
  HandshakeConfig,
  Side,
  Step,
} from "../../src/session/handshake.ts";
import type { RecordLayer } from "../../src/session/record.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { hex, whole } from "../crypto/support.ts";

// Pre-shared keys are at work in nearly every test that uses this.
await node.preparePake();

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes that look random, of a seed: the n-th call gives the same in every run. */
export function seeded(seed: string): (length: number) => Uint8Array {
  let block = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      bytes.set(blake2b256(text(`${seed} ${block++}`)).subarray(0, length - at), at);
    }
    return bytes;
  };
}

/** A side of a handshake that depends on nothing but its name and what is given. */
export function party(
  crypto: CryptoProvider,
  name: string,
  given: Partial<HandshakeConfig> = {},
): HandshakeConfig {
  return {
    crypto,
    signer: crypto.signer(blake2b256(text(`${name}'s identity`))),
    presharedKeys: new Map(),
    parameters: text(`about ${name}`),
    judge: () => undefined,
    random: seeded(name),
    ...given,
  };
}

/** Pre-shared keys from texts. */
export const keys = (entries: Readonly<Record<string, string>>): Map<string, Uint8Array> =>
  new Map(Object.entries(entries).map(([id, key]) => [id, text(key)]));

/** What a conversation was for one side. */
export class End {
  readonly handshake: Handshake;
  /** What it said and what it was given to hear before it was done. */
  readonly said: Uint8Array[] = [];
  readonly heard: Uint8Array[] = [];
  established: Established | undefined;
  failure: TroupeError | undefined;
  /** It was through when something came that was no record, which is the end of a session. */
  cut = false;

  constructor(handshake: Handshake) {
    this.handshake = handshake;
  }

  take(step: Step): readonly Uint8Array[] {
    expect([step.established, step.failure]).toContain(undefined);
    this.said.push(...step.send);
    this.established ??= step.established;
    this.failure ??= step.failure;
    return step.send;
  }

  /** Gives it one message as a link would: to its handshake, then to its records, then to nobody. */
  hear(message: Uint8Array): readonly Uint8Array[] {
    if (this.failure !== undefined) return [];
    if (this.established === undefined) {
      this.heard.push(message);
      return this.take(this.handshake.receive(message));
    }
    this.cut = true;
    expect(() => this.established?.records.open(message)).toThrow();
    return [];
  }
}

/** Both sides of a conversation that is over. */
export type Conversation = Readonly<Record<Side, End>>;

/** What becomes of the `index`-th message, counted in the order of sending: what is heard instead. */
export type Carrier = (message: Uint8Array, index: number, to: Side) => readonly Uint8Array[];

/** Lets two sides talk until neither has anything more to say. */
export function converse(
  dialer: HandshakeConfig,
  responder: HandshakeConfig,
  carry: Carrier = (message) => [message],
): Conversation {
  const ends = {
    dialer: new End(new DialerHandshake(dialer)),
    responder: new End(new ResponderHandshake(responder)),
  };
  const wire: { to: Side; message: Uint8Array }[] = [];
  const say = (from: Side, messages: readonly Uint8Array[]): void => {
    const to = from === "dialer" ? "responder" : "dialer";
    for (const message of messages) wire.push({ to, message });
  };
  say("dialer", ends.dialer.take(ends.dialer.handshake.start()));
  say("responder", ends.responder.take(ends.responder.handshake.start()));
  for (let index = 0; index < wire.length; index++) {
    const next = wire[index];
    if (next === undefined) break;
    for (const bytes of carry(next.message, index, next.to))
      say(next.to, ends[next.to].hear(bytes));
  }
  return ends;
}

/** Both sides are through, and understand each other in both directions. */
export function expectSession({ dialer, responder }: Conversation): void {
  expect([dialer.failure, responder.failure]).toEqual([undefined, undefined]);
  const [one, other] = [dialer.established?.records, responder.established?.records];
  if (one === undefined || other === undefined) throw new Error("not established");
  for (const message of ["first", "second"]) {
    expect(hex(passed(one, other, message))).toBe(hex(text(message)));
    expect(hex(passed(other, one, message))).toBe(hex(text(message)));
  }
}

const passed = (from: RecordLayer, to: RecordLayer, message: string): Uint8Array =>
  now(to.open(whole(from.seal(text(message)))));

/** The value of a provider that answers at once. */
export function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error("it answers later");
  return value;
}

/** The codes both sides end with. */
export const codes = ({ dialer, responder }: Conversation): readonly (string | undefined)[] => [
  dialer.failure?.code,
  responder.failure?.code,
];

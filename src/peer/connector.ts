import { dial } from "#dial";
import type { Clock } from "../async/clock.ts";
import { toHex } from "../bytes/bytes.ts";
import type { Channel, ChannelLimits } from "../channel/channel.ts";
import type { Connection } from "../connection/connection.ts";
import type { Arrival, Candidate, Judge } from "../connection/open.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Outcome } from "./attachment.ts";
import type { Connected } from "./dialer.ts";
import type { Way } from "./way.ts";

/** What a connector needs of its network. */
export interface ConnectorWork {
  readonly clock: Clock;
  /** Milliseconds that an attempt may take. */
  readonly time: number;
  /** What a listener may send. */
  readonly limits: () => ChannelLimits;
  /** Whether who answers may be met at all. */
  readonly judge: Judge;
  /** Makes a connection of a channel, or lets one go on by it. */
  open(
    channel: Channel,
    judge: Judge,
    time: number,
    outcome: Outcome,
    resumes: Connection | undefined,
  ): Arrival;
}

/** Dials addresses, and makes sure of who answers. */
export class Connector {
  readonly #work: ConnectorWork;
  /** Durable identities by the address they were met at. */
  readonly #remembered = new Map<string, string>();

  constructor(work: ConnectorWork) {
    this.#work = work;
  }

  /**
   * Dials once, for a new connection.
   *
   * @param lost - called when the connection that was opened ends
   * @throws TroupeError (rejects) whatever kept it from opening
   */
  async dial(way: Way, lost: (reason: TroupeError) => void): Promise<Connected> {
    const { address } = way;
    let met: Candidate | undefined;
    const judge: Judge = (candidate) => {
      met = candidate;
      return this.#recognise(address, candidate) ?? this.#work.judge(candidate);
    };
    const connected = await this.#attempt<Connected>(way, judge, undefined, (done) => ({
      opened: done,
      lost,
    }));
    if (met !== undefined) this.#remember(address, met);
    connected.unit.reachedBy(way);
    return connected;
  }

  /**
   * Dials once, for a connection that has lost its channel; resolves when the other side lets it go on.
   *
   * @param committed - called when the one who answers is the right one, and is told
   * @throws TroupeError (rejects) whatever kept it from that
   */
  async redial(
    way: Way,
    connection: Connection,
    signal: AbortSignal,
    committed: () => void,
  ): Promise<void> {
    const judge: Judge = (candidate) => {
      const objection = anotherOne(connection, candidate) ?? this.#work.judge(candidate);
      if (objection === undefined) committed();
      return objection;
    };
    await this.#attempt<void>({ ...way, signal }, judge, connection, (done) => ({
      opened: () => {},
      joined: done,
    }));
  }

  /** Whoever is met at this address next is remembered instead. */
  forget(address: Address): void {
    this.#remembered.delete(address.key);
  }

  async #attempt<T>(
    { address, client, signal }: Way,
    judge: Judge,
    resumes: Connection | undefined,
    outcome: (done: (result: T) => void) => Omit<Outcome, "failed">,
  ): Promise<T> {
    const { clock, time } = this.#work;
    const attempt = new AbortController();
    const giveUp = (): void => attempt.abort(signal.reason);
    const late = (): void => attempt.abort(unreachable(address, time));
    const timer = clock.after(time, late);
    signal.addEventListener("abort", giveUp);
    let arrival: Arrival | undefined;
    let done = false;
    const abort = (): void => {
      const reason = attempt.signal.reason as unknown;
      // What has come of it by now is nobody's attempt any more.
      if (!done) arrival?.abort(toTroupeError(reason, "CANCELLED", "connecting was given up"));
    };
    try {
      signal.throwIfAborted();
      const limits = this.#work.limits();
      const channel = await dial(address.url, { limits, signal: attempt.signal, client });
      return await new Promise<T>((resolve, reject) => {
        const result = outcome((connected) => {
          done = true;
          resolve(connected);
        });
        arrival = this.#work.open(channel, judge, time, { ...result, failed: reject }, resumes);
        attempt.signal.addEventListener("abort", abort);
        if (attempt.signal.aborted) abort();
      });
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", giveUp);
      attempt.signal.removeEventListener("abort", abort);
    }
  }

  /** Whether the one who answers at an address is who must be there. */
  #recognise({ key, pin }: Address, { identity }: Candidate): TroupeError | undefined {
    const id = toHex(identity);
    if (pin !== undefined) {
      if (pin === id) return undefined;
      return new TroupeError("WRONG_PEER", `${key} is held by ${id}, not by the pinned ${pin}`);
    }
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined && remembered !== id) {
      return new TroupeError(
        "KEY_CHANGED",
        `${key} was held by ${remembered} and is now by ${id}; if that is meant to be, call peer.forget("${key}")`,
      );
    }
    return undefined;
  }

  /**
   * Only an identity that outlives its process can be recognised after a restart, and only who was let
   * in is worth it: a stranger who fails the pre-shared key must not take the address from its holder.
   */
  #remember({ key, pin }: Address, { identity, parameters }: Candidate): void {
    if (pin === undefined && parameters.durable) this.#remembered.set(key, toHex(identity));
  }
}

/** A connection goes on with the very run of the very peer it is with. */
function anotherOne(
  { remote }: Connection,
  { identity, parameters }: Candidate,
): TroupeError | undefined {
  const id = toHex(identity);
  if (id !== remote.id)
    return new TroupeError("WRONG_PEER", `${id} answers instead of ${remote.id}`);
  if (parameters.instance !== remote.instance)
    return new TroupeError("DISCONNECTED", "the other side was started anew");
  return undefined;
}

const unreachable = ({ url }: Address, time: number): TroupeError =>
  new TroupeError("CONNECT_FAILED", `${url.href} did not answer within ${time} ms`);

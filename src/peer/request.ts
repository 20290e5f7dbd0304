import type { Clock } from "../async/clock.ts";
import type { Deadlines } from "../async/deadlines.ts";
import { Call, type Connection } from "../connection/connection.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { Context } from "./context.ts";
import type { Unit } from "./unit.ts";

/** What all requests of a peer share. */
export interface RequestDesk {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Milliseconds for a request that names none. */
  readonly timeout: number;
}

/** One request on its way: settles its promise once, by whatever comes first. */
export class OutgoingRequest extends Call {
  readonly #unit: Unit;
  readonly #connection: Connection;
  readonly #name: Name;
  readonly #desk: RequestDesk;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (ctx: Context) => void;
  readonly #reject: (error: TroupeError) => void;
  readonly #sentAt: number;

  constructor(
    unit: Unit,
    connection: Connection,
    name: Name,
    desk: RequestDesk,
    timeout: number,
    signal: AbortSignal | undefined,
    resolve: (ctx: Context) => void,
    reject: (error: TroupeError) => void,
  ) {
    super();
    this.#unit = unit;
    this.#connection = connection;
    this.#name = name;
    this.#desk = desk;
    this.#timeout = timeout;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#sentAt = desk.clock.now();
  }

  /** Sends it and starts its time. A failure to send rejects. */
  start(metadata: Readonly<Record<string, string>> | undefined, payload: Payload): void {
    const signal = this.#signal;
    if (signal?.aborted) {
      this.#reject(cancelled(this.#name, signal));
      return;
    }
    const finite = Number.isFinite(this.#timeout);
    try {
      this.#connection.request(
        this,
        this.#name,
        finite ? Math.ceil(this.#timeout) : 0,
        metadata,
        payload,
      );
    } catch (thrown) {
      this.#reject(toTroupeError(thrown, "BAD_PAYLOAD", "the request cannot be sent"));
      return;
    }
    if (finite) this.#desk.deadlines.add(this, this.#timeout);
    signal?.addEventListener("abort", this);
  }

  answer(payload: Payload): void {
    this.#settled();
    const { clock } = this.#desk;
    const { role, event } = this.#name;
    try {
      const rtt = clock.now() - this.#sentAt;
      this.#resolve(
        new Context(this.#unit, role, event, undefined, payload, decodePayload(payload), rtt),
      );
    } catch (thrown) {
      const error = toTroupeError(thrown, "PROTOCOL", "the answer cannot be read");
      this.#reject(error);
      throw error;
    }
  }

  fail(error: TroupeError): void {
    this.#settled();
    this.#reject(error);
  }

  expire(): void {
    this.#giveUp(
      new TroupeError(
        "TIMEOUT",
        `${this.#name.role}/${this.#name.event}: no answer from ${this.#unit.label} within ${this.#timeout} ms; raise { timeout } or look at that unit`,
      ),
    );
  }

  /** An `abort` event of the caller's signal. */
  handleEvent(): void {
    if (this.#signal !== undefined) this.#giveUp(cancelled(this.#name, this.#signal));
  }

  #giveUp(error: TroupeError): void {
    this.#settled();
    this.#connection.cancel(this);
    this.#reject(error);
  }

  #settled(): void {
    this.#desk.deadlines.remove(this);
    this.#signal?.removeEventListener("abort", this);
  }
}

const cancelled = ({ role, event }: Name, signal: AbortSignal): TroupeError =>
  new TroupeError("CANCELLED", `${role}/${event}: cancelled by its caller`, {
    cause: signal.reason,
  });

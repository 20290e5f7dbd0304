import { type Abortable, offAbort, onAbort } from "../async/aborts.ts";
import type { Clock } from "../async/clock.ts";
import type { Deadlines } from "../async/deadlines.ts";
import { Call, type Connection } from "../connection/connection.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { deadlineOf } from "./call-options.ts";
import { Context } from "./context.ts";
import type { Unit } from "./unit.ts";

/** What a request is about. */
export interface Question {
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  /** Milliseconds to wait; `undefined` for the peer's default, `Infinity` for ever. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Where requests of a peer are made: what they all share. */
export class RequestDesk {
  readonly clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #timeout: number;

  /** @param timeout - milliseconds for a request that names none */
  constructor(clock: Clock, deadlines: Deadlines, timeout: number) {
    this.clock = clock;
    this.#deadlines = deadlines;
    this.#timeout = timeout;
  }

  /** Asks one unit. Settles within the timeout, whatever happens. */
  ask<Data>(unit: Unit, question: Question): Promise<Context<Data>> {
    const { name, metadata, payload, timeout = this.#timeout, signal } = question;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancelled(name, signal.reason));
        return;
      }
      const settle = resolve as (ctx: Context) => void;
      const connection = unit.leastBusy();
      const request = new OutgoingRequest(
        unit,
        connection,
        name,
        this.clock,
        timeout,
        settle,
        reject,
      );
      request.start(metadata, payload, this.#deadlines, signal);
    });
  }
}

/** One request on its way: settles its promise once, by whatever comes first. */
class OutgoingRequest extends Call implements Abortable {
  readonly #unit: Unit;
  readonly #connection: Connection;
  readonly #name: Name;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #resolve: (ctx: Context) => void;
  readonly #reject: (error: TroupeError) => void;
  readonly #sentAt: number;
  #deadlines: Deadlines | undefined;
  #signal: AbortSignal | undefined;
  #settled = false;

  constructor(
    unit: Unit,
    connection: Connection,
    name: Name,
    clock: Clock,
    timeout: number,
    resolve: (ctx: Context) => void,
    reject: (error: TroupeError) => void,
  ) {
    super();
    this.#unit = unit;
    this.#connection = connection;
    this.#name = name;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#sentAt = clock.now();
  }

  /** Sends it and starts its time. Throws when it cannot be sent. */
  start(
    metadata: Metadata | undefined,
    payload: Payload,
    deadlines: Deadlines,
    signal: AbortSignal | undefined,
  ): void {
    const deadline = deadlineOf(this.#timeout);
    this.#connection.request(this, this.#name, deadline, metadata, payload);
    // Sending may have found that the connection is gone.
    if (this.#settled) return;
    if (Number.isFinite(this.#timeout)) {
      this.#deadlines = deadlines;
      deadlines.add(this, this.#timeout);
    }
    if (signal !== undefined) {
      this.#signal = signal;
      onAbort(signal, this);
    }
  }

  answer(payload: Payload): void {
    this.#settle();
    const { role, event } = this.#name;
    const now = this.#clock.now();
    const rtt = now - this.#sentAt;
    this.#unit.answered(rtt, now);
    try {
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
    this.#settle();
    // A refusal is an answer, too; the end of the connection is none.
    if (this.#connection.open) {
      const now = this.#clock.now();
      this.#unit.answered(now - this.#sentAt, now);
    }
    this.#reject(error);
  }

  expire(): void {
    const { role, event } = this.#name;
    const now = this.#clock.now();
    this.#unit.silent(now - this.#sentAt, now);
    this.#giveUp(
      new TroupeError(
        "TIMEOUT",
        `${role}/${event}: no answer from ${this.#unit.label} within ${this.#timeout} ms; raise { timeout } or look at that unit`,
      ),
    );
  }

  aborted(reason: unknown): void {
    this.#giveUp(cancelled(this.#name, reason));
  }

  #giveUp(error: TroupeError): void {
    this.#settle();
    this.#connection.cancel(this);
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#deadlines?.remove(this);
    if (this.#signal !== undefined) offAbort(this.#signal, this);
  }
}

const cancelled = ({ role, event }: Name, cause: unknown): TroupeError =>
  new TroupeError("CANCELLED", `${role}/${event}: cancelled by its caller`, { cause });

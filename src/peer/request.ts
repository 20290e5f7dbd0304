import { type Abortable, offAbort, onAbort } from "../async/aborts.ts";
import type { Clock } from "../async/clock.ts";
import type { Deadlines } from "../async/deadlines.ts";
import { Call, type Connection } from "../connection/connection.ts";
import { notDelivered } from "../connection/loss.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { deadlineOf } from "./call-options.ts";
import { Context } from "./context.ts";
import type { Ejection } from "./ejection.ts";
import { type Repeatable, Repeating, type Retries, type Waiting } from "./retry.ts";
import type { Unit } from "./unit.ts";

/** What a request is about. */
export interface Question extends Repeatable {
  readonly metadata: Metadata | undefined;
  /** Milliseconds to wait; `undefined` for the peer's default, `Infinity` for ever. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Who hears what becomes of it, if anybody is to. */
  readonly ejection?: Ejection<Unit> | undefined;
  /** Where it may be asked again; without, it is asked once. */
  readonly retries?: Retries | undefined;
}

/**
 * For a survey, which asks each unit once: and who is silent in one may just be slow, for a question that
 * gives little time.
 */
export const once = (question: Question): Question => ({
  ...question,
  ejection: undefined,
  retries: undefined,
});

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

  /** Asks one unit, and others when that one surely did nothing. Settles within the timeout, whatever happens. */
  ask<Data>(unit: Unit, question: Question): Promise<Context<Data>> {
    const { name, timeout = this.#timeout, signal, retries } = question;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancelled(name, signal.reason));
        return;
      }
      if (retries !== undefined) retries.budget.requests++;
      const settle = resolve as (ctx: Context) => void;
      new OutgoingRequest(unit, question, this.clock, timeout, settle, reject).start(
        this.#deadlines,
      );
    });
  }
}

/** What becomes of a request after a failure: made for its first one, since most have none. */
interface Trouble {
  readonly repeating: Repeating;
  error: TroupeError;
  /** Whether `error` was thrown by sending, and so has reached nobody. */
  thrown: boolean;
  /** Ends the wait for the next attempt. */
  stop: (() => void) | undefined;
}

/**
 * One request on its way: settles its promise once, by whatever comes first. When it is repeated its
 * time and its signal go on.
 */
class OutgoingRequest extends Call implements Abortable, Waiting {
  #unit: Unit;
  /** None between two attempts. */
  #connection: Connection | undefined;
  readonly #question: Question;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #resolve: (ctx: Context) => void;
  readonly #reject: (error: TroupeError) => void;
  #sentAt: number;
  #deadlines: Deadlines | undefined;
  #trouble: Trouble | undefined;
  #settled = false;

  constructor(
    unit: Unit,
    question: Question,
    clock: Clock,
    timeout: number,
    resolve: (ctx: Context) => void,
    reject: (error: TroupeError) => void,
  ) {
    super();
    this.#unit = unit;
    this.#question = question;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#sentAt = clock.now();
  }

  /** Sends it and starts its time. */
  start(deadlines: Deadlines): void {
    try {
      this.#send(this.#timeout);
    } catch (thrown) {
      if (this.#mayRepeat(unsent(thrown), true)) this.#repeat();
    }
    // Sending may have found that the connection is gone.
    if (this.#settled) return;
    if (Number.isFinite(this.#timeout)) {
      this.#deadlines = deadlines;
      deadlines.add(this, this.#timeout);
    }
    const { signal } = this.#question;
    if (signal !== undefined) onAbort(signal, this);
  }

  answer(payload: Payload): void {
    this.#settle();
    const { name, ejection } = this.#question;
    const { role, event } = name;
    const now = this.#clock.now();
    const rtt = now - this.#sentAt;
    this.#unit.answered(rtt, now);
    ejection?.outcome(this.#unit, this.#sentAt, undefined);
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
    // A refusal is an answer, too; the end of the connection is none.
    if (this.#connection?.open) {
      const now = this.#clock.now();
      this.#unit.answered(now - this.#sentAt, now);
    }
    const unit = this.#unit;
    const sentAt = this.#sentAt;
    // Not at once: whoever has lost the connection has yet to find that the unit is gone.
    if (this.#mayRepeat(error, false)) queueMicrotask(() => this.#repeat());
    this.#question.ejection?.outcome(unit, sentAt, error);
  }

  expire(): void {
    if (this.#connection === undefined) {
      this.giveUp();
      return;
    }
    const { name, ejection } = this.#question;
    const now = this.#clock.now();
    this.#unit.silent(now - this.#sentAt, now);
    const error = new TroupeError(
      "TIMEOUT",
      `${name.role}/${name.event}: no answer from ${this.#unit.label} within ${this.#timeout} ms; raise { timeout } or look at that unit`,
    );
    this.#end(error);
    ejection?.outcome(this.#unit, this.#sentAt, error);
  }

  aborted(reason: unknown): void {
    this.#end(cancelled(this.#question.name, reason));
  }

  /** It is not repeated any more: what it failed with counts. */
  giveUp(): void {
    const trouble = this.#trouble;
    if (this.#settled || trouble === undefined) return;
    this.#settle();
    this.#reject(trouble.repeating.verdict(trouble.error, trouble.thrown));
  }

  /** @param time - milliseconds it still has */
  #send(time: number): void {
    const { name, metadata, payload } = this.#question;
    // Before anything fails: what is lost while it is sent is lost on this connection.
    const connection = this.#unit.leastBusy();
    this.#connection = connection;
    connection.request(this, name, deadlineOf(time), metadata, payload);
  }

  /**
   * Notes a failure.
   *
   * @param thrown - whether by sending
   * @returns whether it may be repeated; otherwise it is settled
   */
  #mayRepeat(error: TroupeError, thrown: boolean): boolean {
    const { retries } = this.#question;
    this.#connection = undefined;
    if (retries === undefined) {
      this.#settle();
      this.#reject(error);
      return false;
    }
    if (this.#trouble === undefined) {
      const repeating = new Repeating(retries, this.#question);
      this.#trouble = { repeating, error, thrown, stop: undefined };
    } else {
      this.#trouble.error = error;
      this.#trouble.thrown = thrown;
    }
    const permitted = this.#trouble.repeating.permits(this.#unit, error, thrown);
    if (!permitted) this.giveUp();
    return permitted;
  }

  /** Asks again, now or later, or gives up. */
  #repeat(): void {
    const trouble = this.#trouble;
    const { retries } = this.#question;
    while (!this.#settled && trouble !== undefined && retries !== undefined) {
      const attempt = trouble.repeating.next(trouble.error, this.#timeLeft);
      if (attempt === undefined) {
        this.giveUp();
      } else if (attempt.unit === undefined) {
        trouble.stop = retries.wait(attempt.wait, this, () => this.#again());
        return;
      } else if (this.#ask(attempt.unit)) {
        return;
      }
    }
  }

  /** The wait is over. */
  #again(): void {
    const unit = this.#trouble?.repeating.pickAgain();
    if (unit === undefined) this.giveUp();
    else if (!this.#ask(unit)) this.#repeat();
  }

  /** @returns whether it is on its way; otherwise {@link #repeat} has to see whether it goes on */
  #ask(unit: Unit): boolean {
    this.#unit = unit;
    this.#sentAt = this.#clock.now();
    try {
      this.#send(this.#timeLeft);
      return true;
    } catch (thrown) {
      this.#mayRepeat(unsent(thrown), true);
      return false;
    }
  }

  /** Milliseconds until its deadline; before that is set, all it has. */
  get #timeLeft(): number {
    return this.#deadlines === undefined
      ? this.#timeout
      : Math.max(this.due - this.#clock.now(), 1);
  }

  #end(error: TroupeError): void {
    const connection = this.#connection;
    this.#settle();
    connection?.cancel(this);
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#deadlines?.remove(this);
    this.#trouble?.stop?.();
    const { signal } = this.#question;
    if (signal !== undefined) offAbort(signal, this);
  }
}

/** What sending has thrown, and a connection that is gone is no answer. */
function unsent(thrown: unknown): TroupeError {
  const error = toTroupeError(thrown, "BAD_ARGUMENT", "the request cannot be sent");
  const lost = error.code === "DISCONNECTED" || error.code === "CLOSED";
  return lost ? notDelivered(error) : error;
}

const cancelled = ({ role, event }: Name, cause: unknown): TroupeError =>
  new TroupeError("CANCELLED", `${role}/${event}: cancelled by its caller`, { cause });

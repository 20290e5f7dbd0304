import { provider } from "#crypto";
import type { Clock } from "../async/clock.ts";
import { isUnstarted } from "../connection/remote-code.ts";
import type { ErrorCode, TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { randomFractions } from "./balance-random.ts";
import type { CallOptions } from "./call-options.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Unit } from "./unit.ts";

/** How often a request is repeated at most, when it does not say. */
const DEFAULT_RETRIES = 2;
/** Milliseconds that a unit may ask for before it is tried again: beyond them the caller is told at once. */
const LONGEST_WAIT = 30_000;
/** How much longer than asked for the wait may be, so that not all who were told come back at once. */
const JITTER = 0.5;

const fraction = randomFractions(provider);

/** What is looked at when a request is repeated. */
export interface Repeatable {
  readonly name: Name;
  readonly payload: Payload;
  /** How often at most; `undefined` for the default. */
  readonly retry?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Which units it may go to. */
  readonly unit?: Unit | undefined;
  readonly balance?: CallOptions["balance"];
  readonly key?: string | undefined;
}

/** The units a request may go to. */
interface Candidates {
  /** Another unit for it than these, as its options say; `undefined` when there is none. */
  another(question: Repeatable, tried: readonly Unit[]): Unit | undefined;
  /** Whether this unit still is one for it. */
  has(unit: Unit): boolean;
}

/** A request that waits for its next attempt. */
export interface Waiting {
  /** There will be none. */
  giveUp(): void;
}

/** What the requests of one destination share about being repeated. */
export class Retries {
  readonly budget: RetryBudget;
  readonly candidates: Candidates;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #waiting = new Set<Waiting>();

  /** @param random - uniform in [0, 1) */
  constructor(candidates: Candidates, clock: Clock, random: () => number = fraction) {
    this.candidates = candidates;
    this.#clock = clock;
    this.#random = random;
    this.budget = new RetryBudget(clock.now());
  }

  /** Whether there is something left to repeat with. */
  take(): boolean {
    return this.budget.take(this.#clock.now());
  }

  /** Milliseconds to wait when a unit asks for so many. */
  jittered(ms: number): number {
    return Math.ceil(ms * (1 + JITTER * this.#random()));
  }

  /**
   * Calls `run` after a while, unless all that wait are given up before.
   *
   * @returns stops the wait
   */
  wait(ms: number, waiting: Waiting, run: () => void): () => void {
    this.#waiting.add(waiting);
    const timer = this.#clock.after(ms, () => {
      this.#waiting.delete(waiting);
      run();
    });
    return () => {
      this.#waiting.delete(waiting);
      timer.cancel();
    };
  }

  /** Nothing is repeated any more. */
  close(): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp();
  }
}

/** The next attempt: at a unit, now or after some milliseconds. */
interface Attempt {
  /** `undefined` for one that is picked when the time has come. */
  readonly unit: Unit | undefined;
  readonly wait: number;
}

/** One request that has failed, and whether and where it is repeated. Made for its first failure. */
export class Repeating {
  readonly #retries: Retries;
  readonly #question: Repeatable;
  #left: number;
  #tried: Unit[] = [];
  /** An attempt that may have been executed: if nothing answers, this is what became of the request. */
  #doubt: TroupeError | undefined;

  constructor(retries: Retries, question: Repeatable) {
    this.#retries = retries;
    this.#question = question;
    this.#left = question.retry ?? DEFAULT_RETRIES;
  }

  /**
   * Whether a failure is one to repeat after, if there is a unit.
   *
   * @param unit - who was asked
   * @param thrown - whether sending threw it: then it has reached nobody, and its data is still at hand
   */
  permits(unit: Unit, error: TroupeError, thrown: boolean): boolean {
    const keyed = this.#question.idempotencyKey !== undefined;
    this.#tried.push(unit);
    // What another unit says of a key it shares with the first is its last word, as well.
    if (error.code === "OUTCOME_UNKNOWN") {
      this.#doubt = error;
      return keyed && this.#left > 0 && !isUnstarted(error);
    }
    if (this.#left === 0 || hasReached(error, thrown) || !REPEATED.has(error.code)) return false;
    // Bytes are their owner's again once they were sent, unless they were copied for this.
    const borrowed = !thrown && this.#question.payload.type === "binary";
    return !borrowed || keyed || this.#question.retry !== undefined;
  }

  /**
   * Where to go after such a failure. Takes from the budget.
   *
   * @param remaining - milliseconds until the deadline
   * @returns `undefined` when it is not repeated
   */
  next(error: TroupeError, remaining: number): Attempt | undefined {
    const unit = this.#pick(error);
    let wait = 0;
    if (unit === undefined) {
      const asked = retryAfter(error);
      if (asked === undefined) return undefined;
      wait = this.#retries.jittered(asked);
      if (wait >= remaining) return undefined;
    }
    if (!this.#retries.take()) return undefined;
    this.#left--;
    return { unit, wait };
  }

  /** After a wait: whoever is there now. */
  pickAgain(): Unit | undefined {
    this.#tried = [];
    const { unit } = this.#question;
    const { candidates } = this.#retries;
    if (unit === undefined) return candidates.another(this.#question, this.#tried);
    return candidates.has(unit) ? unit : undefined;
  }

  /** What the caller is told, when the last attempt met this. */
  verdict(error: TroupeError, thrown: boolean): TroupeError {
    return hasReached(error, thrown) ? error : (this.#doubt ?? error);
  }

  #pick(error: TroupeError): Unit | undefined {
    const { candidates } = this.#retries;
    const { unit: named } = this.#question;
    const last = this.#tried.at(-1);
    // A unit that is still there is asked itself what became of it: it alone remembers the key.
    if (error.code === "OUTCOME_UNKNOWN" && isReachable(last)) return last;
    if (named === undefined) {
      const other = candidates.another(this.#question, this.#tried);
      if (other !== undefined) return other;
    }
    // One of several connections to it was lost.
    const again = error.code === "NOT_DELIVERED" && isReachable(last) && candidates.has(last);
    return again ? last : undefined;
  }
}

const isReachable = (unit: Unit | undefined): unit is Unit =>
  unit?.connections.some(({ open }) => open) ?? false;

/** Failures of one unit that another one need not have. */
const REPEATED: ReadonlySet<string> = new Set<ErrorCode>([
  "NOT_DELIVERED",
  "NO_ROLE",
  "OVERLOADED",
  "ROLE_DISABLED",
]);

/**
 * Whether a handler may have seen the request. A code alone does not tell: handlers throw them, too.
 *
 * @param thrown - whether sending threw the error
 */
const hasReached = (error: TroupeError, thrown: boolean): boolean =>
  !thrown && error.code !== "NOT_DELIVERED" && error.code !== "NO_EVENT" && !isUnstarted(error);

/** The hint of a unit that is overloaded, in milliseconds. */
function retryAfter({ code, details }: TroupeError): number | undefined {
  if (code !== "OVERLOADED" || typeof details !== "object" || details === null) return undefined;
  if (!("retryAfter" in details)) return undefined;
  const { retryAfter: ms } = details;
  return typeof ms === "number" && ms >= 0 && ms <= LONGEST_WAIT ? ms : undefined;
}

import { isUnstarted } from "../connection/remote-code.ts";
import type { TroupeError } from "../errors.ts";

/** Calls that are looked back on. */
const WINDOW = 20;
const WINDOW_BITS = 2 ** WINDOW - 1;
/** Fewer calls than these have no share that says anything. */
const ENOUGH = 10;

/** Milliseconds for which a unit must have refused all there was before that is more than a rush. */
const RUSH = 1000;

/**
 * What a call says of its unit: that it works, since it has answered; that it fails; that what was out
 * was lost with the connection, all at once; that it has too much to do; or nothing at all.
 */
export type Verdict = "works" | "fails" | "lost" | "refuses" | "nothing";

const FOUND_HERE = new Map<string, Verdict>([
  ["TIMEOUT", "fails"],
  ["DISCONNECTED", "lost"],
  ["NOT_DELIVERED", "lost"],
  ["OUTCOME_UNKNOWN", "lost"],
  // The unit broke the protocol, and its connection is cut.
  ["PROTOCOL", "lost"],
  // This side's own doing.
  ["CANCELLED", "nothing"],
  ["CLOSED", "nothing"],
  ["BAD_ARGUMENT", "nothing"],
]);

/** @param error - what became of the call; `undefined` for an answer */
export function verdictOf(error: TroupeError | undefined): Verdict {
  if (error === undefined) return "works";
  // A handler may throw OVERLOADED for reasons of its own: that is an answer, as any other refusal is.
  if (isUnstarted(error)) return error.code === "OVERLOADED" ? "refuses" : "works";
  return FOUND_HERE.get(error.code) ?? "works";
}

/** How the calls of one unit went since the first that failed. Times are the clock's, in milliseconds. */
export class TrackRecord {
  /** When its last connection loss was found out. */
  lostAt: number = Number.NEGATIVE_INFINITY;
  /** When it may be tried again, while it is set aside. */
  due: number = Number.POSITIVE_INFINITY;
  /** When it was first tried: calls that left before say nothing of whether it works now. */
  triedAt: number = Number.POSITIVE_INFINITY;
  /** When it was taken back. */
  backAt: number = Number.NEGATIVE_INFINITY;
  /** How often its time was doubled. */
  doubled = 0;
  #inARow = 0;
  /** The last calls, the latest in the lowest bit; 1 for one that failed. */
  #history = 0;
  #known = 0;
  /** Calls refused since the last one that was answered, and when the first and the last of them were. */
  #refused = 0;
  #refusedFrom = 0;
  #refusedTo = 0;

  /** Whether none of its last calls failed. */
  get clean(): boolean {
    return this.#history === 0;
  }

  /**
   * Whether so many calls in a row have failed, or more than half of the last ones; or so many were
   * refused and none answered, for longer than a rush takes.
   */
  isBad(failures: number): boolean {
    if (this.#inARow >= failures) return true;
    if (this.#refused >= failures && this.#refusedTo - this.#refusedFrom >= RUSH) return true;
    return this.#known >= ENOUGH && 2 * ones(this.#history) > this.#known;
  }

  worked(): void {
    this.#inARow = 0;
    this.#refused = 0;
    this.#add(0);
  }

  failed(): void {
    this.#inARow++;
    this.#add(1);
  }

  refused(now: number): void {
    if (this.#refused === 0) this.#refusedFrom = now;
    this.#refusedTo = now;
    this.#refused++;
  }

  /** What was does not count any more. */
  forgive(): void {
    this.#inARow = 0;
    this.#refused = 0;
    this.#history = 0;
    this.#known = 0;
  }

  #add(bit: number): void {
    this.#history = ((this.#history << 1) | bit) & WINDOW_BITS;
    this.#known = Math.min(this.#known + 1, WINDOW);
  }
}

/** How many bits are set. */
function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

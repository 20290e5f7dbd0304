import { broken } from "../errors.ts";

/**
 * Callers waiting for an answer, by correlation number. Numbers are small and used again: every
 * request is answered exactly once, so a number is free as soon as its answer is there, even when its
 * caller has given up long before. An entry leaves the table before its waiter runs.
 */
export class Pending<T extends object> {
  readonly #slots: (T | typeof ABANDONED | undefined)[] = [];
  readonly #free: number[] = [];
  #waiting = 0;

  /** Callers that wait, not counting those who gave up. */
  get size(): number {
    return this.#waiting;
  }

  /** Numbers in use, those of callers who gave up included. */
  get used(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Registers before anything is sent: an answer can never be faster than its waiter. */
  add(waiter: T): number {
    this.#waiting++;
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#slots[free] = waiter;
      return free;
    }
    return this.#slots.push(waiter) - 1;
  }

  /**
   * The answer is there: the number is free again.
   *
   * @returns the waiter, or `undefined` when it has given up
   * @throws TroupeError `PROTOCOL` when nothing was asked under this number
   */
  take(correlation: number): T | undefined {
    const slot = this.#slots[correlation];
    if (slot === undefined)
      throw broken(`an answer to request ${correlation}, which was not asked`);
    this.#slots[correlation] = undefined;
    this.#free.push(correlation);
    if (slot === ABANDONED) return undefined;
    this.#waiting--;
    return slot;
  }

  /** The caller gives up; the number stays taken until its answer comes. */
  abandon(correlation: number, waiter: T): void {
    if (this.#slots[correlation] !== waiter) return;
    this.#slots[correlation] = ABANDONED;
    this.#waiting--;
  }

  /** Empties the table and returns all who waited. */
  clear(): T[] {
    const waiters: T[] = [];
    for (const slot of this.#slots) {
      if (slot !== undefined && slot !== ABANDONED) waiters.push(slot);
    }
    this.#slots.length = 0;
    this.#free.length = 0;
    this.#waiting = 0;
    return waiters;
  }
}

const ABANDONED = Symbol("abandoned");

/**
 * Hands results over in the order in which they were asked for, though some come later than others.
 * As long as none has to wait, each is handed over at once, without a promise.
 */
export class InOrder<T> {
  readonly #deliver: (value: T) => void;
  readonly #fail: (reason: unknown) => void;
  #tail: Promise<void> | undefined;
  #waiting = 0;
  #failed = false;

  /** @param fail - called once; after it nothing more is handed over */
  constructor(deliver: (value: T) => void, fail: (reason: unknown) => void) {
    this.#deliver = deliver;
    this.#fail = fail;
  }

  /** Results that have not been handed over yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when all that was pushed so far has been handed over, or never will be. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /** Takes the next result. */
  push(result: T | Promise<T>): void {
    if (this.#failed) return;
    if (this.#waiting === 0 && !(result instanceof Promise)) {
      this.#deliver(result);
      return;
    }
    // It may fail before its turn comes, and is reported in its turn.
    if (result instanceof Promise) result.catch(() => {});
    this.#waiting++;
    this.#tail = this.#turn(this.#tail, result);
  }

  async #turn(before: Promise<void> | undefined, result: T | Promise<T>): Promise<void> {
    await before;
    try {
      const value = await result;
      if (!this.#failed) this.#deliver(value);
    } catch (reason) {
      if (!this.#failed) {
        this.#failed = true;
        this.#fail(reason);
      }
    } finally {
      this.#waiting--;
    }
  }
}

import { Line } from "./idempotency-line.ts";

/** What counts of an answer that somebody holds. */
interface Held {
  /** In bytes. */
  readonly size: number;
  /** Those that came before have lower ones. */
  readonly number: number;
}

/** A caller that answers are kept for. */
export class Holder<T extends Held> {
  readonly caller: string;
  /** Its answers, the oldest first. */
  readonly line: Line<T> = new Line();
  count = 0;
  bytes = 0;
  /** Its part of all there may be: in answers or in bytes, whichever is more. */
  load = 0;
  /** @internal Its place in the heap; belongs to {@link Holders}. */
  at = 0;

  constructor(caller: string) {
    this.caller = caller;
  }

  /** Whether its answers go before those of another. */
  precedes(other: Holder<T>): boolean {
    if (this.load !== other.load) return this.load > other.load;
    return (this.line.first?.number ?? 0) < (other.line.first?.number ?? 0);
  }
}

/**
 * All who hold something, in a binary heap: whoever holds most comes first, and of those who hold the same
 * who has the oldest answer. Each change takes a logarithm of their number.
 */
export class Holders<T extends Held> {
  readonly #heap: Holder<T>[] = [];

  /** Who holds most. */
  get first(): Holder<T> | undefined {
    return this.#heap[0];
  }

  add(holder: Holder<T>): void {
    this.#put(holder, this.#heap.length);
    this.#rise(holder);
  }

  /** It holds more than before, or less. */
  move(holder: Holder<T>): void {
    this.#rise(holder);
    this.#sink(holder);
  }

  /** Takes out one that is in here. */
  remove(holder: Holder<T>): void {
    const last = this.#heap.pop();
    if (last === undefined || last === holder) return;
    this.#put(last, holder.at);
    this.move(last);
  }

  #put(holder: Holder<T>, at: number): void {
    this.#heap[at] = holder;
    holder.at = at;
  }

  #rise(holder: Holder<T>): void {
    while (holder.at > 0) {
      const { at } = holder;
      const above = this.#heap[(at - 1) >> 1];
      if (above === undefined || !holder.precedes(above)) return;
      this.#put(holder, above.at);
      this.#put(above, at);
    }
  }

  #sink(holder: Holder<T>): void {
    for (;;) {
      const { at } = holder;
      const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]];
      if (left === undefined) return;
      const below = right?.precedes(left) ? right : left;
      if (!below.precedes(holder)) return;
      this.#put(holder, below.at);
      this.#put(below, at);
    }
  }
}

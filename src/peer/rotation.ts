/**
 * Takes turns: each pick is the next item after the last one. Items may come and go between picks;
 * those that stay are picked equally often.
 */
export class Rotation<T> {
  readonly #items: T[] = [];
  #next = 0;

  get items(): readonly T[] {
    return this.#items;
  }

  /** Comes last in the current round. */
  add(item: T): void {
    // Behind the last one picked: everybody else of this round has its turn first.
    this.#items.splice(this.#next, 0, item);
    this.#next++;
  }

  remove(item: T): void {
    const index = this.#items.indexOf(item);
    if (index < 0) return;
    this.#items.splice(index, 1);
    if (index < this.#next) this.#next--;
  }

  /** The next item in turn, or `undefined` when there is none. */
  pick(): T | undefined {
    if (this.#next >= this.#items.length) this.#next = 0;
    return this.#items[this.#next++];
  }
}

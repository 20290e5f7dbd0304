/**
 * Takes turns: each pick is the next item after the last one. Items may come and go between picks: of
 * any two that stay, neither is ever picked twice without the other in between, so over any time their
 * picks differ by one at most.
 */
export class Rotation<T> {
  readonly #items: T[] = [];
  /** The same in the order in which they came. */
  readonly #members = new Set<T>();
  #next = 0;

  get items(): readonly T[] {
    return this.#items;
  }

  /** The one that has been there longest; `undefined` when there is none. */
  get oldest(): T | undefined {
    for (const item of this.#members) return item;
    return undefined;
  }

  has(item: T): boolean {
    return this.#members.has(item);
  }

  /** Comes last in the current round. */
  add(item: T): void {
    this.#members.add(item);
    // Behind the last one picked: everybody else of this round has its turn first.
    this.#items.splice(this.#next, 0, item);
    this.#next++;
  }

  remove(item: T): void {
    if (!this.#members.delete(item)) return;
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    if (index < this.#next) this.#next--;
  }

  /** The next item in turn, or `undefined` when there is none. */
  pick(): T | undefined {
    if (this.#next >= this.#items.length) this.#next = 0;
    return this.#items[this.#next++];
  }
}

/**
 * Takes turns: each pick is the next item after the last one. Items may come and go between picks, or be
 * set aside for a time: of any two that stay, neither is ever picked twice without the other in between,
 * so over any time their picks differ by one at most.
 */
export class Rotation<T> {
  readonly #items: T[] = [];
  /** The same and those set aside, in the order in which they came. */
  readonly #members = new Set<T>();
  readonly #aside = new Set<T>();
  #next = 0;

  /** Those that have turns. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Those that are here, but have no turns for now. */
  get aside(): ReadonlySet<T> {
    return this.#aside;
  }

  /** Those that are here, with turns or without. */
  get all(): readonly T[] {
    return this.#aside.size === 0 ? this.#items : [...this.#items, ...this.#aside];
  }

  /** How many are here, with turns or without. */
  get size(): number {
    return this.#members.size;
  }

  /** Of those that have turns the one that has been here longest; `undefined` when there is none. */
  get oldest(): T | undefined {
    return this.oldestWith(undefined);
  }

  /** The same, as if `other` had turns, too. */
  oldestWith(other: T | undefined): T | undefined {
    for (const item of this.#members) if (item === other || !this.#aside.has(item)) return item;
    return undefined;
  }

  /** Whether it is here, with turns or without. */
  has(item: T): boolean {
    return this.#members.has(item);
  }

  /** Comes last in the current round. */
  add(item: T): void {
    this.#members.add(item);
    this.#enter(item);
  }

  remove(item: T): void {
    if (!this.#members.delete(item)) return;
    if (!this.#aside.delete(item)) this.#leave(item);
  }

  /** Has no turns until it is taken back. */
  setAside(item: T): void {
    if (!this.#members.has(item) || this.#aside.has(item)) return;
    this.#aside.add(item);
    this.#leave(item);
  }

  /** Has turns again, and comes last in the current round. */
  takeBack(item: T): void {
    if (this.#aside.delete(item)) this.#enter(item);
  }

  /** The next item in turn, or `undefined` when there is none. */
  pick(): T | undefined {
    if (this.#next >= this.#items.length) this.#next = 0;
    return this.#items[this.#next++];
  }

  #enter(item: T): void {
    // Behind the last one picked: everybody else of this round has its turn first.
    this.#items.splice(this.#next, 0, item);
    this.#next++;
  }

  #leave(item: T): void {
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    if (index < this.#next) this.#next--;
  }
}

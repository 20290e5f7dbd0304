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
  readonly #suspended = new Set<T>();
  #next = 0;

  /** Those that have turns. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Those to pick from: who has turns; when nobody has, those set aside; at last those suspended. */
  get candidates(): readonly T[] {
    if (this.#items.length > 0) return this.#items;
    const aside = [...this.#aside].filter((item) => !this.#suspended.has(item));
    return aside.length > 0 ? aside : [...this.#suspended];
  }

  /** Those that are set aside. */
  get aside(): ReadonlySet<T> {
    return this.#aside;
  }

  /** Those that are here, with turns or without. */
  get all(): readonly T[] {
    if (this.#items.length === this.#members.size) return this.#items;
    return [...new Set([...this.#items, ...this.#aside, ...this.#suspended])];
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
    for (const item of this.#members) if (item === other || this.#hasTurns(item)) return item;
    return this.candidates[0];
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
    if (!this.#members.has(item)) return;
    if (this.#hasTurns(item)) this.#leave(item);
    this.#members.delete(item);
    this.#aside.delete(item);
    this.#suspended.delete(item);
  }

  /** Has no turns until it is taken back. */
  setAside(item: T): void {
    this.#stop(item, this.#aside);
  }

  /** Has turns again, and comes last in the current round. */
  takeBack(item: T): void {
    this.#goOn(item, this.#aside);
  }

  /** Has no turns until it is resumed, and is the last to be picked when nobody has any. */
  suspend(item: T): void {
    this.#stop(item, this.#suspended);
  }

  /** Is not suspended any more. */
  resume(item: T): void {
    this.#goOn(item, this.#suspended);
  }

  /** The next item in turn, or `undefined` when there is none. */
  pick(): T | undefined {
    const items = this.#items.length > 0 ? this.#items : this.candidates;
    if (this.#next >= items.length) this.#next = 0;
    return items[this.#next++];
  }

  #hasTurns(item: T): boolean {
    return this.#members.has(item) && !this.#aside.has(item) && !this.#suspended.has(item);
  }

  #stop(item: T, stopped: Set<T>): void {
    const had = this.#hasTurns(item);
    if (this.#members.has(item)) stopped.add(item);
    if (had) this.#leave(item);
  }

  #goOn(item: T, stopped: Set<T>): void {
    if (stopped.delete(item) && this.#hasTurns(item)) this.#enter(item);
  }

  #enter(item: T): void {
    // Behind the last one picked: everybody else of this round has its turn first.
    this.#next = Math.min(this.#next, this.#items.length);
    this.#items.splice(this.#next, 0, item);
    this.#next++;
  }

  #leave(item: T): void {
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    if (index < this.#next) this.#next--;
  }
}

/**
 * The index of the item that weighs least. Of equals it is the first from `start` on, going round, so
 * that they take turns when `start` is behind the one picked last.
 *
 * @param start - from 0 up to the number of items
 * @returns -1 when there are no items
 */
export function lightest<T>(
  items: readonly T[],
  weigh: (item: T) => number,
  start: number,
): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < items.length; step++) {
    const index = (start + step) % items.length;
    const weight = weigh(items[index] as T);
    if (best >= 0 && weight >= least) continue;
    best = index;
    least = weight;
  }
  return best;
}

/** Picks what weighs least now; equals take turns, while others come and go. */
export class Lightest<T> {
  readonly #weigh: (item: T) => number;
  #last: T | undefined;
  #at = -1;

  constructor(weigh: (item: T) => number) {
    this.#weigh = weigh;
  }

  pick(items: readonly T[]): T | undefined {
    this.#at = lightest(items, this.#weigh, this.#start(items));
    this.#last = items[this.#at];
    return this.#last;
  }

  /** Behind the one picked last, or in its place when it has left. */
  #start(items: readonly T[]): number {
    if (this.#last === undefined) return 0;
    const at = items[this.#at] === this.#last ? this.#at : items.indexOf(this.#last);
    return at < 0 ? Math.min(this.#at, items.length) : at + 1;
  }
}

import type { Clock } from "../async/clock.ts";

/** What is known of how soon an answer may come. */
interface Timed {
  /** Requests in flight. */
  readonly load: number;
  /** Milliseconds an answer takes, as far as that still counts at `now`; `undefined` until measured. */
  latencyAt(now: number): number | undefined;
}

/**
 * Picks two at random and takes the one that should answer sooner: smoothed latency, times the requests
 * that it would then have. Two choices keep the longest queue short (M. Mitzenmacher, "The power of two
 * choices in randomized load balancing", IEEE TPDS 12(10), 2001), and as they are random, callers that
 * know the same do not all rush to the same unit. The latency rises at once and falls slowly, as in
 * Finagle's peak EWMA.
 */
export class Soonest<T extends Timed> {
  readonly #random: () => number;
  readonly #clock: Clock;

  /** @param random - uniform in [0, 1) */
  constructor(random: () => number, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  pick(items: readonly T[]): T | undefined {
    const count = items.length;
    if (count < 2) return items[0];
    const first = Math.floor(this.#random() * count);
    const other = Math.floor(this.#random() * (count - 1));
    const one = items[first] as T;
    // The first is left out, so that the two are never the same.
    const two = items[other < first ? other : other + 1] as T;
    return isSooner(two, one, this.#clock.now()) ? two : one;
  }
}

/** Whether `one` should answer sooner than `two`. */
function isSooner(one: Timed, two: Timed, now: number): boolean {
  const expected = one.latencyAt(now);
  const other = two.latencyAt(now);
  if (expected !== undefined && other !== undefined)
    return expected * (one.load + 1) < other * (two.load + 1);
  // Nothing to compare by but how much is in flight: one that was never measured is tried first, and
  // does not get all there is before its first answer.
  if (one.load !== two.load) return one.load < two.load;
  return expected === undefined && other !== undefined;
}

/** How many calls one caller may make. */
export interface RateOptions {
  /** Calls a second, any number above 0; `Infinity` for no bound. */
  readonly perSecond: number;
  /** Calls at once, a whole number from 1 on. Default as many as in a second, at least 1. */
  readonly burst?: number | undefined;
}

/** Callers known at which those who have their whole burst again are forgotten. */
const SWEEP = 1024;

/** When a caller will have its whole burst again, in milliseconds of the clock. */
interface Bucket {
  fullAt: number;
}

/**
 * A token bucket for each caller. A bucket is one moment, that at which it is full again: a call moves
 * it on by the time of one token, and may not move it further than the burst takes to fill.
 */
export class Rate {
  readonly #buckets = new Map<string, Bucket>();
  /** Milliseconds for a token. */
  readonly #token: number;
  /** Milliseconds from empty to full. */
  readonly #whole: number;
  #sweepAt = SWEEP;

  constructor({ perSecond, burst = Math.max(1, Math.floor(perSecond)) }: RateOptions) {
    this.#token = 1000 / perSecond;
    this.#whole = this.#token === 0 ? 0 : this.#token * burst;
  }

  /** Callers that do not have their whole burst. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes a token.
   *
   * @returns whole milliseconds until there is one, 0 when it was there
   */
  take(caller: string, now: number): number {
    let bucket = this.#buckets.get(caller);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
      bucket = { fullAt: now };
      this.#buckets.set(caller, bucket);
    }
    const fullAt = Math.max(bucket.fullAt, now) + this.#token;
    // Thousandths of a millisecond are the rounding of many additions.
    const early = fullAt - now - this.#whole;
    if (early > 0.001) return Math.ceil(early);
    bucket.fullAt = fullAt;
    return 0;
  }

  #sweep(now: number): void {
    for (const [caller, { fullAt }] of this.#buckets)
      if (fullAt <= now) this.#buckets.delete(caller);
    this.#sweepAt = Math.max(SWEEP, 2 * this.#buckets.size);
  }
}

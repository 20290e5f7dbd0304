/** How long to wait between attempts, in milliseconds. */
export interface BackoffOptions {
  /** Bound of the second wait; it doubles from there. Default 250. */
  readonly first?: number;
  /** Largest bound. Default 30,000. */
  readonly most?: number;
}

/**
 * Exponential back-off with full jitter: the first retry comes at once, the n-th after a random time
 * below `first * 2^(n-2)`, so that a crowd that lost the same peer does not come back as a crowd.
 */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  readonly #random: () => number;
  #attempt = 0;

  /** @param random - uniform in [0, 1) */
  constructor(random: () => number, options: BackoffOptions = {}) {
    this.#random = random;
    this.#first = options.first ?? 250;
    this.#most = options.most ?? 30_000;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const attempt = this.#attempt++;
    if (attempt === 0) return 0;
    const bound = Math.min(this.#most, this.#first * 2 ** Math.min(attempt - 1, 30));
    return Math.ceil(this.#random() * bound);
  }

  /** An attempt succeeded: the next failure starts from the beginning. */
  reset(): void {
    this.#attempt = 0;
  }
}

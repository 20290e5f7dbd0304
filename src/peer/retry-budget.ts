/** How many requests it takes to earn one retry. */
const REQUESTS_A_RETRY = 5;
/** What is there at first, and what may always be saved. */
const RESERVE = 100;
/** What more than the reserve may be saved: what so many milliseconds of requests earn. */
const WINDOW = 10_000;

/**
 * How much a destination may repeat: when all fails, retries add a fifth to the load and no more,
 * however often each request may be repeated. What is saved, and so what a sudden loss may take at
 * once, is what the last ten seconds have earned.
 *
 * A token bucket like Finagle's RetryBudget, whose share, window and reserve these are. Time is looked
 * at only when there is something to repeat.
 */
export class RetryBudget {
  /** Requests since the last retry: whoever makes one adds 1. */
  requests = 0;
  #saved = RESERVE;
  #seen = 0;
  #since: number;

  /** @param now - milliseconds since some fixed moment, as in {@link take} */
  constructor(now: number) {
    this.#since = now;
  }

  /** @returns whether one request may be repeated now */
  take(now: number): boolean {
    this.#saved += this.requests / REQUESTS_A_RETRY;
    this.#seen += this.requests;
    this.requests = 0;
    const passed = now - this.#since;
    if (passed >= WINDOW) {
      const earned = (this.#seen * WINDOW) / passed / REQUESTS_A_RETRY;
      this.#saved = Math.min(this.#saved, Math.max(RESERVE, earned));
      this.#seen = 0;
      this.#since = now;
    }
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}

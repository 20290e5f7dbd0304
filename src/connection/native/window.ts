/** Bytes the other side may send at first on a stream, ahead of its reader. */
const FIRST_WINDOW = 384 * 1024;
/** When all streams together hold too much already. */
const SMALL_WINDOW = 16 * 1024;
/** What a window grows to at most. */
const LARGEST_WINDOW = 4 * 1024 * 1024;
/** Below this round-trip time, in ms, the first window is enough for whatever the path carries. */
const FAR = 2;

/** What the windows of one connection share. */
export interface WindowBudget {
  /** Takes up to `bytes` of what may be promised, and says how much that is. */
  claim(bytes: number): number;
  /** Gives back what was claimed. */
  release(bytes: number): void;
  /** Milliseconds of a round trip on a path where nothing waits; `undefined` until measured. */
  readonly leastRtt: number | undefined;
  /** Measures a round trip once more. */
  probe(): void;
  /** Milliseconds, going up. */
  now(): number;
}

/**
 * How much the other side may send on a stream before it is read. Half of the window used up is
 * granted again; when that took less than two round trips the path carries more than the window, which
 * doubles.
 */
export class Window {
  readonly #budget: WindowBudget;
  #size = 0;
  /** Bytes that may still come. */
  #left = 0;
  #unread = 0;
  #used = 0;
  #grantedAt = 0;
  #ended = false;

  constructor(budget: WindowBudget) {
    this.#budget = budget;
  }

  /** Bytes that came and have not been read. */
  get unread(): number {
    return this.#unread;
  }

  /** @returns the first credit */
  open(): number {
    if (this.#size > 0) return this.#size;
    this.#size = SMALL_WINDOW + this.#budget.claim(FIRST_WINDOW - SMALL_WINDOW);
    this.#left = this.#size;
    this.#grantedAt = this.#budget.now();
    return this.#size;
  }

  /** @returns false when more came than was granted */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    this.#unread += bytes;
    return true;
  }

  /** @returns what is to be granted now, 0 for nothing yet */
  read(bytes: number): number {
    this.#unread -= bytes;
    if (this.#ended) {
      this.#shrink();
      return 0;
    }
    this.#used += bytes;
    if (this.#used < this.#size / 2) return 0;
    const grant = this.#used + this.#growth();
    this.#used = 0;
    this.#left += grant;
    return grant;
  }

  /** Nothing more comes: what it has claimed is given back, except for what is unread. */
  end(): void {
    this.#ended = true;
    this.#shrink();
  }

  /** Nothing more comes, and nobody will read what is unread. */
  drop(): void {
    this.#unread = 0;
    this.end();
  }

  #shrink(): void {
    const needed = Math.max(SMALL_WINDOW, this.#unread);
    if (this.#size <= needed) return;
    this.#budget.release(this.#size - needed);
    this.#size = needed;
  }

  #growth(): number {
    // Not the usual round trip: a window must not grow by what it makes wait itself.
    const { leastRtt: rtt } = this.#budget;
    const now = this.#budget.now();
    const took = now - this.#grantedAt;
    this.#grantedAt = now;
    if (rtt !== undefined && (rtt < FAR || took > 2 * rtt)) return 0;
    this.#budget.probe();
    if (rtt === undefined) return 0;
    const growth = this.#budget.claim(Math.min(this.#size, LARGEST_WINDOW - this.#size));
    this.#size += growth;
    return growth;
  }
}

/** Watches how much memory the process takes, as the system sees it. */
export class RssWatch {
  #base = 0;
  #peak = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), 20).unref();
    this.begin();
  }

  /** Counts from here. */
  begin(): void {
    this.#base = process.memoryUsage.rss();
    this.#peak = this.#base;
  }

  /** Bytes it has grown by at most. */
  get growth(): number {
    this.#look();
    return this.#peak - this.#base;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }
}

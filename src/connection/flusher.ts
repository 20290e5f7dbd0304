import type { Clock } from "../async/clock.ts";

/** What collects over a tick and leaves at its end. */
export interface Flushable {
  /** Sends what there is now. */
  flush(): void;
}

/** Flushes all batches of a peer together, once at the end of each tick. */
export class Flusher {
  readonly #clock: Clock;
  readonly #run = (): void => this.#flush();
  #batches: Flushable[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a batch that has something to send. */
  add(batch: Flushable): void {
    if (this.#batches.push(batch) === 1) this.#clock.soon(this.#run);
  }

  #flush(): void {
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) batch.flush();
  }
}

import type { Clock } from "../async/clock.ts";

/**
 * Milliseconds that handlers run on end before the event loop gets a turn. What comes meanwhile waits
 * where nobody sees it, so its time runs on unnoticed; each turn costs some 50 us.
 */
export const SLICE = 5;

/** Whose calls wait for turns. */
export interface Paced {
  /** Gives the oldest call its turn. */
  next(now: number): void;
  /** Whether a call waits that may start. */
  readonly ready: boolean;
  /** @internal Whether it is among those that {@link Pace} knows to be ready. */
  listed: boolean;
}

/**
 * Gives waiting calls their turns, role by role, a slice of time in each turn of the event loop: what
 * comes in is read between slices, so that it is known, and can be refused, while handlers keep the
 * process busy.
 */
export class Pace {
  readonly clock: Clock;
  readonly #ready: Paced[] = [];
  readonly #slice = (): void => this.#run();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** It may be ready; harmless when it is not. */
  add(paced: Paced): void {
    if (paced.listed || !paced.ready) return;
    paced.listed = true;
    if (this.#ready.push(paced) === 1) this.clock.soon(this.#slice);
  }

  #run(): void {
    let now = this.clock.now();
    const end = now + SLICE;
    // The one in turn stays in the list while its call starts: an empty list means that no slice is due.
    for (let paced = this.#ready[0]; paced !== undefined && now < end; paced = this.#ready[0]) {
      // What does not wait for turns may have taken the place meanwhile.
      if (paced.ready) paced.next(now);
      this.#ready.shift();
      paced.listed = false;
      if (paced.ready) {
        paced.listed = true;
        this.#ready.push(paced);
      }
      now = this.clock.now();
    }
    if (this.#ready.length > 0) this.clock.soon(this.#slice);
  }
}

import type { Clock, Timer } from "../async/clock.ts";

/** Of its time, when a claim is renewed: one attempt may fail. */
const PART = 1 / 3;

/** Claims that are renewed for as long as they are held, all at once, by one timer. */
export class Leases<T> {
  readonly #clock: Clock;
  readonly #period: number;
  readonly #renew: (claim: T) => void;
  readonly #held = new Set<T>();
  #timer: Timer | undefined;

  /** @param lease - milliseconds that a claim lasts */
  constructor(clock: Clock, lease: number, renew: (claim: T) => void) {
    this.#clock = clock;
    this.#period = lease * PART;
    this.#renew = renew;
  }

  add(claim: T): void {
    this.#held.add(claim);
    if (this.#timer === undefined) this.#arm();
  }

  remove(claim: T): void {
    this.#held.delete(claim);
    if (this.#held.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#period, () => this.#turn(), true);
  }

  #turn(): void {
    // First: a store that answers at once may have the last one removed.
    this.#arm();
    for (const claim of this.#held) this.#renew(claim);
  }
}

import type { Clock, Timer } from "../../src/async/clock.ts";
import type { Random } from "./random.ts";

const OVER: Timer = { cancel: () => {} };

/**
 * The clock of one run of a peer: it began at a moment of its own, goes a little too fast or too slow,
 * and may leap ahead. When its process dies nothing that it was to run runs any more.
 */
export class PeerClock implements Clock {
  readonly #base: Clock;
  readonly #rate: number;
  readonly #timers = new Set<Timer>();
  #offset: number;
  #stopped = false;

  constructor(base: Clock, random: Random) {
    this.#base = base;
    this.#rate = random.between(0.995, 1.005);
    this.#offset = random.between(0, 1e6) - base.now() * this.#rate;
  }

  now(): number {
    return this.#base.now() * this.#rate + this.#offset;
  }

  after(ms: number, run: () => void): Timer {
    if (this.#stopped) return OVER;
    const inner = this.#base.after(Math.max(ms, 0) / this.#rate, () => {
      this.#timers.delete(timer);
      run();
    });
    const timer: Timer = {
      cancel: () => {
        inner.cancel();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  soon(run: () => void): void {
    this.#base.soon(() => {
      if (!this.#stopped) run();
    });
  }

  /** For handlers, not counted as a timer. Resolves after so many milliseconds; never in a dead process. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#base.after(ms / this.#rate, () => {
        if (!this.#stopped) resolve();
      });
    });
  }

  /** Time jumps ahead, as after a sleep of the machine; timers that run keep their moments. */
  leap(ms: number): void {
    this.#offset += ms;
  }

  /** The process is dead. */
  stop(): void {
    this.#stopped = true;
    for (const timer of [...this.#timers]) timer.cancel();
  }

  /** Timers that are still to run. */
  get timers(): number {
    return this.#timers.size;
  }
}

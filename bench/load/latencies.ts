import { quantile } from "../stats.ts";
import type { Latency } from "../talk.ts";

/** Latencies kept; beyond it the oldest are forgotten. A power of two. */
const KEPT = 1 << 20;

/** Latencies of a measurement that lasts from the last reset but one to the last. */
export class Latencies {
  readonly #kept = new Float64Array(KEPT);
  #from = 0;
  #to = 0;
  #count = 0;

  add(milliseconds: number): void {
    this.#kept[this.#count++ & (KEPT - 1)] = milliseconds;
  }

  /** Bounds a measurement: what came since the mark before is what is summed up. */
  mark(): void {
    this.#from = Math.max(this.#to, this.#count - KEPT);
    this.#to = this.#count;
  }

  summary(): Latency {
    const measured = new Float64Array(this.#to - this.#from);
    for (let at = this.#from; at < this.#to; at++) {
      measured[at - this.#from] = this.#kept[at & (KEPT - 1)] ?? 0;
    }
    measured.sort();
    return { p50: quantile(measured, 0.5), p99: quantile(measured, 0.99) };
  }
}

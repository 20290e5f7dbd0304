import { type Context, TroupeError } from "troupe";
import type { Rates, Share } from "./facts.ts";

/** Counts calls between two reports. */
export class Tally {
  readonly #shares = new Map<string, Share>();
  readonly #failures = new Map<string, number>();
  readonly #rtts: number[] = [];
  #since = performance.now();

  answered({ unit, role, rtt = 0 }: Context): void {
    const key = `${unit.name}/${role}`;
    const calls = (this.#shares.get(key)?.calls ?? 0) + 1;
    this.#shares.set(key, { name: unit.name, role, calls });
    this.#rtts.push(rtt);
  }

  failed(error: unknown): void {
    const code = error instanceof TroupeError ? error.code : String(error);
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  /** What was counted since the last report; counting starts anew. */
  report(): Rates {
    const now = performance.now();
    const seconds = (now - this.#since) / 1000;
    this.#since = now;
    const rtt = this.#rtts.sort((a, b) => a - b)[this.#rtts.length >> 1] ?? 0;
    const shares = [...this.#shares.values()];
    const failures = Object.fromEntries(this.#failures);
    this.#shares.clear();
    this.#failures.clear();
    this.#rtts.length = 0;
    return { fact: "rates", seconds, shares, rtt, failures };
  }
}

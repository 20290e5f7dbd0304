import type { Arrivals } from "./arrivals.ts";
import type { Ledger } from "./ledger.ts";
import type { Run } from "./site.ts";

const NOBODY: ReadonlySet<string> = new Set();

/** Peers that leave say so: from then on nobody calls them. */
export class Farewells {
  readonly #arrivals: Arrivals;
  readonly #ledger: Ledger;
  /** Names of those who leave, by the run that knows. */
  readonly #known = new Map<Run, Set<string>>();
  #heard = 0;

  constructor(arrivals: Arrivals, ledger: Ledger) {
    this.#arrivals = arrivals;
    this.#ledger = ledger;
  }

  /** How many were heard. */
  get heard(): number {
    return this.#heard;
  }

  /** A run has begun to leave: all are told. */
  begin(run: Run): void {
    this.#arrivals.everywhere(run, (site) => {
      if (site.run !== undefined) this.#hear(site.run, run);
    });
  }

  /** Names of those of whom a run knows that they leave. */
  knownTo(run: Run): ReadonlySet<string> {
    return this.#known.get(run) ?? NOBODY;
  }

  #hear(by: Run, { name }: Run): void {
    this.#heard++;
    const known = this.#known.get(by) ?? new Set();
    this.#known.set(by, known.add(name));
    for (const destination of by.peer.destinations) {
      this.#ledger.check(
        destination.units.every((unit) => unit.name !== name),
        () =>
          `${by.name} still has ${name} for ${destination.name}, though that has said it leaves`,
      );
    }
  }
}

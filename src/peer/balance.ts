import { provider } from "#crypto";
import type { Clock } from "../async/clock.ts";
import { badArgument } from "../errors.ts";
import { Soonest } from "./balance-ewma.ts";
import { Rendezvous } from "./balance-hash.ts";
import { Lightest } from "./balance-lightest.ts";
import { randomFractions } from "./balance-random.ts";
import type { CallOptions } from "./call-options.ts";
import type { Rotation } from "./rotation.ts";
import type { Unit } from "./unit.ts";

/** What strategies work on. */
interface Parts {
  readonly units: Rotation<Unit>;
  readonly clock: Clock;
  readonly random: () => number;
}

type Pick = (key: unknown) => Unit | undefined;

const STRATEGIES: Record<NonNullable<CallOptions["balance"]>, (parts: Parts) => Pick> = {
  "round-robin":
    ({ units }) =>
    () =>
      units.pick(),
  random:
    ({ units, random }) =>
    () =>
      units.items[Math.floor(random() * units.items.length)],
  "least-pending": ({ units }) => {
    const lightest = new Lightest<Unit>((unit) => unit.load);
    return () => lightest.pick(units.items);
  },
  ewma: ({ units, random, clock }) => {
    const soonest = new Soonest<Unit>(random, clock);
    return () => soonest.pick(units.items);
  },
  hash: ({ units }) => {
    const rendezvous = new Rendezvous<Unit>(({ id, instance }) => id + instance);
    return (key) => {
      if (typeof key === "string") return rendezvous.pick(units.items, key);
      throw badArgument('balance "hash" needs a key: { balance: "hash", key: text }');
    };
  },
  first:
    ({ units }) =>
    () =>
      units.oldest,
};

const fraction = randomFractions(provider);

/** The strategies of one destination, each made when it is first asked for. */
export class Balance {
  readonly #parts: Parts;
  readonly #made = new Map<string, Pick>();

  /** @param random - uniform in [0, 1) */
  constructor(units: Rotation<Unit>, clock: Clock, random: () => number = fraction) {
    this.#parts = { units, clock, random };
  }

  /**
   * The unit for a call, or `undefined` when there is none.
   *
   * @throws TroupeError `BAD_ARGUMENT` for a strategy that does not exist, and for "hash" without a key
   */
  pick(strategy: NonNullable<CallOptions["balance"]>, key: unknown): Unit | undefined {
    let pick = this.#made.get(strategy);
    if (pick === undefined) {
      if (!Object.hasOwn(STRATEGIES, strategy)) {
        const names = Object.keys(STRATEGIES).join(", ");
        throw badArgument(`balance must be one of ${names}, not ${String(strategy)}`);
      }
      pick = STRATEGIES[strategy](this.#parts);
      this.#made.set(strategy, pick);
    }
    return pick(key);
  }
}

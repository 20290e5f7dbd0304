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

/** @param due - a unit that is set aside, and may be tried by this call */
type Pick = (key: unknown, due: Unit | undefined) => Unit | undefined;

const STRATEGIES: Record<NonNullable<CallOptions["balance"]>, (parts: Parts) => Pick> = {
  "round-robin":
    ({ units }) =>
    (_key, due) =>
      due ?? units.pick(),
  random:
    ({ units, random }) =>
    (_key, due) =>
      due ?? units.candidates[Math.floor(random() * units.candidates.length)],
  "least-pending": ({ units }) => {
    const lightest = new Lightest<Unit>((unit) => unit.load);
    return (_key, due) => due ?? lightest.pick(units.candidates);
  },
  ewma: ({ units, random, clock }) => {
    const soonest = new Soonest<Unit>(random, clock);
    return (_key, due) => due ?? soonest.pick(units.candidates);
  },
  hash: ({ units }) => {
    const rendezvous = new Rendezvous<Unit>(({ id, instance }) => id + instance);
    return (key, due) => {
      if (typeof key !== "string")
        throw badArgument('balance "hash" needs a key: { balance: "hash", key: text }');
      const picked = rendezvous.pick(units.candidates, key);
      // Only a key of its own tries it: the others have nothing to do with it.
      return picked === undefined || due === undefined
        ? picked
        : rendezvous.pick([picked, due], key);
    };
  },
  first:
    ({ units }) =>
    (_key, due) =>
      units.oldestWith(due),
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
   * @param due - one that is set aside, and is picked if this call may try it
   * @throws TroupeError `BAD_ARGUMENT` for a strategy that does not exist, and for "hash" without a key
   */
  pick(
    strategy: NonNullable<CallOptions["balance"]>,
    key: unknown,
    due?: Unit | undefined,
  ): Unit | undefined {
    let pick = this.#made.get(strategy);
    if (pick === undefined) {
      if (!Object.hasOwn(STRATEGIES, strategy)) {
        const names = Object.keys(STRATEGIES).join(", ");
        throw badArgument(`balance must be one of ${names}, not ${String(strategy)}`);
      }
      pick = STRATEGIES[strategy](this.#parts);
      this.#made.set(strategy, pick);
    }
    return pick(key, due);
  }
}

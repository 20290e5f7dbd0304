import type { Clock } from "../async/clock.ts";
import { Balance } from "./balance.ts";
import type { CallOptions } from "./call-options.ts";
import { Ejection, type EjectionWatcher } from "./ejection.ts";
import type { EjectionRules } from "./ejection-options.ts";
import { Rotation } from "./rotation.ts";
import type { Unit } from "./unit.ts";

/** The units of one destination: who is here, who is set aside, and which one a call gets. */
export class Balancer {
  /** Hears what becomes of calls. */
  readonly ejection: Ejection<Unit>;
  readonly #units = new Rotation<Unit>();
  readonly #clock: Clock;
  /** Made for the first call that names a strategy. */
  #balance: Balance | undefined;

  constructor(rules: EjectionRules | undefined, clock: Clock, watcher: EjectionWatcher<Unit>) {
    this.#clock = clock;
    this.ejection = new Ejection(this.#units, rules, clock, watcher);
  }

  /** All that are here. */
  get all(): readonly Unit[] {
    return this.#units.all;
  }

  /** Those of them that are set aside. */
  get aside(): ReadonlySet<Unit> {
    return this.#units.aside;
  }

  get size(): number {
    return this.#units.size;
  }

  has(unit: Unit): boolean {
    return this.#units.has(unit);
  }

  add(unit: Unit): void {
    this.#units.add(unit);
    if (unit.suspended) this.#units.suspend(unit);
  }

  remove(unit: Unit): void {
    this.#units.remove(unit);
    this.ejection.left(unit);
  }

  /** It is not reached now: it has its turn when nobody else is here. */
  suspend(unit: Unit): void {
    this.#units.suspend(unit);
  }

  /** It is reached again. */
  resume(unit: Unit): void {
    this.#units.resume(unit);
  }

  /**
   * The unit that the strategy of a call picks; `undefined` when there is none.
   *
   * @param telling - whether something will be known of how it went: then it may try who is set aside
   * @throws TroupeError `BAD_ARGUMENT` as {@link Balance.pick}
   */
  pick({ balance, key }: CallOptions, telling: boolean): Unit | undefined {
    const aside = telling ? this.ejection.due() : undefined;
    // Nothing would be known of it before it is reached again.
    const due = aside?.suspended === true ? undefined : aside;
    if (balance === undefined && due === undefined) return this.#units.pick();
    this.#balance ??= new Balance(this.#units, this.#clock);
    const unit = this.#balance.pick(balance ?? "round-robin", key, due);
    if (due !== undefined && unit === due) this.ejection.trying(due);
    return unit;
  }
}

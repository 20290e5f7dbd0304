import { type ErrorCode, TroupeError } from "../../src/errors.ts";
import { Ejection } from "../../src/peer/ejection.ts";
import { checkEjection, type EjectionOptions } from "../../src/peer/ejection-options.ts";
import { Rotation } from "../../src/peer/rotation.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

export const errorOf = (code: ErrorCode): TroupeError => new TroupeError(code, "no");

/** Some items, named by one letter each, and what becomes of calls of them. */
export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly items: Rotation<string> = new Rotation<string>();
  readonly events: string[] = [];
  readonly waits: number[] = [];
  readonly ejection: Ejection<string>;
  /** What chance says next; in the middle, a time is exactly as long as it should be. */
  chance = 0.5;

  constructor(names: string, options: EjectionOptions | false = {}) {
    for (const name of names) this.items.add(name);
    const rules = checkEjection("ejection", options);
    const watcher = {
      ejected: (name: string, _error: TroupeError, wait: number): void => {
        this.events.push(`-${name}`);
        this.waits.push(wait);
      },
      restored: (name: string): void => void this.events.push(`+${name}`),
    };
    this.ejection = new Ejection(this.items, rules, this.clock, watcher, () => this.chance);
  }

  get aside(): string {
    return [...this.items.aside].join("");
  }

  /** Calls that leave and come to nothing, a millisecond after each other. */
  fail(name: string, count = 1, code: ErrorCode = "TIMEOUT"): void {
    for (let i = 0; i < count; i++) {
      this.clock.tick(1);
      this.ejection.outcome(name, this.clock.now(), errorOf(code));
    }
  }

  /** Calls that are answered. */
  answer(name: string, count = 1): void {
    for (let i = 0; i < count; i++) this.ejection.outcome(name, this.clock.now(), undefined);
  }

  /** One that is due is tried. */
  try(): string | undefined {
    const due = this.ejection.due();
    if (due !== undefined) this.ejection.trying(due);
    return due;
  }

  remove(name: string): void {
    this.items.remove(name);
    this.ejection.left(name);
  }
}

import type { TroupeError } from "../errors.ts";
import type { Allow } from "./allow.ts";
import type { EjectionOptions } from "./ejection-options.ts";
import type { Unit } from "./unit.ts";

/** How a destination is made. */
export interface DestinationOptions {
  /** Whom the caller trusts to play the role: public keys, or a function. Default everybody. */
  readonly providers?: Allow | undefined;
  /**
   * When a unit that fails is set aside: it gets no calls but those that name it, until one call that
   * tries it again is answered. `false` to set nobody aside. Default: after 5 calls in a row that came
   * to nothing, or more than half of its last 20; for 5 s, twice as long after each failure, up to 60 s;
   * at most half of the units.
   *
   * What counts is no answer in time, a lost connection (once, whatever was out on it), and `OVERLOADED`
   * by the unit itself. Whatever its handlers answer or throw shows that it works.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using peer = new Peer();
   * const printers = peer.destination("printer", { ejection: { failures: 3, time: 2000 } });
   * printers.on("eject", (unit, error) => console.log(`${unit.name} is set aside: ${error.code}`));
   * printers.on("restore", (unit) => console.log(`${unit.name} is back`));
   * console.log(printers.ejected.length); // 0
   * ```
   */
  readonly ejection?: EjectionOptions | false | undefined;
}

/** What a destination announces. */
export interface DestinationEvents {
  /** It has its first unit. */
  open: [];
  /** One more unit plays the role. */
  unit: [unit: Unit];
  /** It has lost its last unit. */
  close: [];
  /** A unit is set aside, and what its last call came to. */
  eject: [unit: Unit, error: TroupeError];
  /** A unit that was set aside gets calls again. */
  restore: [unit: Unit];
}

/** How to wait for a destination. */
export interface WaitOptions {
  /** Milliseconds to wait; for ever by default. */
  readonly timeout?: number | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

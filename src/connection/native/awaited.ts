import type { Clock } from "../../async/clock.ts";
import type { TroupeError } from "../../errors.ts";
import type { Awaiting, Watcher } from "../awaiting.ts";

/** What the other side waits for, until its time is over or it gives up. */
export abstract class Awaited implements Awaiting {
  readonly arrived: number;
  watcher: Watcher | undefined;
  readonly #clock: Clock;
  readonly #deadline: number;
  #abort: AbortController | undefined;
  #ending: TroupeError | undefined;

  /** @param deadline - milliseconds that the other side waits, 0 for without end */
  constructor(deadline: number, clock: Clock) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.arrived = clock.now();
  }

  get timeLeft(): number | undefined {
    if (this.#deadline === 0) return undefined;
    return this.arrived + this.#deadline - this.#clock.now();
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#ending !== undefined) this.#abort.abort(this.#ending);
    }
    return this.#abort.signal;
  }

  /** The other side waits no longer: whoever has asked for the signal, or asks later, is told. */
  protected abandoned(reason: TroupeError): void {
    this.#ending = reason;
    this.#abort?.abort(reason);
    this.watcher?.givenUp();
  }
}

import type { Clock } from "../../async/clock.ts";
import type { TroupeError } from "../../errors.ts";

/** What the other side waits for, until its time is over or it gives up. */
export abstract class Awaited {
  readonly #clock: Clock;
  readonly #due: number;
  #abort: AbortController | undefined;
  #ending: TroupeError | undefined;

  /** @param deadline - milliseconds that the other side waits, 0 for without end */
  constructor(deadline: number, clock: Clock) {
    this.#clock = clock;
    this.#due = deadline === 0 ? Number.POSITIVE_INFINITY : clock.now() + deadline;
  }

  get timeLeft(): number | undefined {
    return this.#due === Number.POSITIVE_INFINITY ? undefined : this.#due - this.#clock.now();
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
  }
}

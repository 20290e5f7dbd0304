import { TroupeError } from "../errors.ts";

/** A request that has not left: whoever was asked knows nothing of it. */
export const notDelivered = (cause: TroupeError): TroupeError =>
  new TroupeError("NOT_DELIVERED", `the request was not sent: ${cause.message}`, { cause });

/**
 * What becomes of requests when their connection ends: what has left may have been executed, what has
 * not surely was not. What this side has closed itself is `CLOSED`, as what it cancels is `CANCELLED`.
 */
export class Loss {
  readonly #reason: TroupeError;
  #unknown: TroupeError | undefined;
  #undelivered: TroupeError | undefined;

  /** @param reason - why the connection has ended */
  constructor(reason: TroupeError) {
    this.#reason = reason;
  }

  /** The error of a request; those that share their fate share it. */
  of(left: boolean): TroupeError {
    if (this.#reason.code === "CLOSED") return this.#reason;
    if (left) {
      this.#unknown ??= new TroupeError(
        "OUTCOME_UNKNOWN",
        `the connection ended before the answer came, so it may have been executed or not: ${this.#reason.message}`,
        { cause: this.#reason },
      );
      return this.#unknown;
    }
    this.#undelivered ??= notDelivered(this.#reason);
    return this.#undelivered;
  }
}

import type { Clock } from "../async/clock.ts";
import { type Deferred, defer } from "../async/deferred.ts";
import type { TroupeError } from "../errors.ts";
import type { WaitOptions } from "./destination-options.ts";

/** All who wait for the first unit of a role. */
export class Waiters {
  readonly #waiting = new Set<Deferred<void>>();

  /**
   * Resolves when there is one.
   *
   * @param failure - makes the error it rejects with when the time is over or the signal aborts
   */
  async wait(
    clock: Clock,
    { timeout = Number.POSITIVE_INFINITY, signal }: WaitOptions,
    failure: (code: "CANCELLED" | "TIMEOUT", what: string, cause?: unknown) => TroupeError,
  ): Promise<void> {
    const waiter = defer<void>();
    const cancel = (): void =>
      waiter.reject(failure("CANCELLED", "the wait was cancelled", signal?.reason));
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel);
    const late = (): void =>
      waiter.reject(failure("TIMEOUT", `no unit plays it after ${timeout} ms`));
    const timer = Number.isFinite(timeout) ? clock.after(timeout, late) : undefined;
    this.#waiting.add(waiter);
    try {
      await waiter.promise;
    } finally {
      this.#waiting.delete(waiter);
      timer?.cancel();
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** There is one. */
  resolve(): void {
    for (const waiter of this.#waiting) waiter.resolve();
  }

  /** There will be none. */
  reject(reason: TroupeError): void {
    for (const waiter of this.#waiting) waiter.reject(reason);
  }
}

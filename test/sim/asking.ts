import type { Context, RequestOptions } from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import type { Ledger } from "./ledger.ts";
import { type Run, TIMEOUTS } from "./site.ts";
import type { Trace } from "./trace.ts";

/** How a request ended. */
export interface Ending<Data> {
  /** `"answered"`, or the code it failed with. */
  readonly outcome: string;
  readonly answer?: Context<Data>;
  readonly error?: unknown;
}

/** Ends by which the caller gives up: the other side is told. */
export const GIVEN_UP: ReadonlySet<string> = new Set(["TIMEOUT", "CANCELLED"]);

/** How a request may end where none may be lost: peers come and go, change their roles, and have enough to do. */
const LOSSLESS: ReadonlySet<string> = new Set([
  "answered",
  "REJECTED",
  "TIMEOUT",
  "CANCELLED",
  "NO_UNITS",
  "NO_ROLE",
  "OVERLOADED",
  "ROLE_DISABLED",
]);

/** Asks for what the role "work" does, and holds each request to what is promised of all. */
export class Asking {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #lossless: boolean;
  readonly #open = new Set<{ readonly run: Run }>();
  readonly #outcomes = new Map<string, number>();

  /** @param lossless - whether nothing happens that may lose a request */
  constructor(clock: Clock, ledger: Ledger, trace: Trace, lossless: boolean) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#trace = trace;
    this.#lossless = lossless;
  }

  /** How many ended in each way. */
  get outcomes(): ReadonlyMap<string, number> {
    return this.#outcomes;
  }

  /** Requests that the living still wait for. */
  get open(): number {
    return [...this.#open].filter(({ run }) => !run.killed).length;
  }

  /** A signal by which a run gives up what it has asked for after so many milliseconds. */
  abort(run: Run, ms: number): AbortSignal {
    const abort = new AbortController();
    this.#clock.after(ms, () => {
      if (!run.killed) abort.abort(new Error("cancelled"));
    });
    return abort.signal;
  }

  /** @param what - the request, for people */
  async ask<Data>(
    run: Run,
    what: string,
    options: RequestOptions,
    data: unknown,
  ): Promise<Ending<Data>> {
    const { timeout = TIMEOUTS.request, signal } = options;
    const settled = this.#ledger.wait(run, what);
    this.#trace.add(`${run.name} asks ${what}, ${options.event}`);
    const open = { run };
    this.#open.add(open);
    const [since, sinceThere] = [this.#clock.now(), run.clock.now()];
    const ending = await this.#ending<Data>(run, what, options, data);
    this.#open.delete(open);
    settled();
    const { outcome } = ending;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    this.#trace.add(`${run.name}: ${what} ends with ${outcome}`);
    const [after, afterThere] = [this.#clock.now() - since, run.clock.now() - sinceThere];
    const check = (holds: boolean, why: string): void =>
      this.#ledger.check(holds, () => `${what} ended with ${outcome} ${why}`);
    check(after < timeout * 1.01 + 5, `after ${after} ms of ${timeout}`);
    check(outcome !== "TIMEOUT" || afterThere > timeout - 1, `early, after ${afterThere} ms`);
    check(outcome !== "CANCELLED" || signal?.aborted === true, "uncalled for");
    check(!this.#lossless || LOSSLESS.has(outcome), "though none may be lost");
    return ending;
  }

  async #ending<Data>(
    run: Run,
    what: string,
    options: RequestOptions,
    data: unknown,
  ): Promise<Ending<Data>> {
    try {
      const answer = await run.peer.destination("work").request<Data>(options, data);
      return { outcome: "answered", answer };
    } catch (error) {
      return { outcome: this.#ledger.codeOf(what, error), error };
    }
  }
}

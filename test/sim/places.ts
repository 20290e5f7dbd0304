import type { AdmissionOptions } from "../../src/peer/admission-options.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Run } from "./site.ts";
import type { Trace } from "./trace.ts";

/** The handlers of one role that run at each peer: begun in time, and no more than it has places for. */
export class Places {
  readonly #role: string;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #tight: boolean;
  readonly #places = new Map<Run, number>();
  readonly #running = new Map<Run, number>();

  /** @param tight - whether peers have few places */
  constructor(role: string, random: Random, ledger: Ledger, trace: Trace, tight: boolean) {
    this.#role = role;
    this.#random = random;
    this.#ledger = ledger;
    this.#trace = trace;
    this.#tight = tight;
  }

  /** How much a run takes on. */
  furnish(run: Run): AdmissionOptions {
    if (!this.#tight) return {};
    const concurrency = this.#random.pick([1, 2, 4]) ?? 1;
    this.#places.set(run, concurrency);
    const queue = this.#random.pick([undefined, 0, 1, 3]);
    const rate = this.#random.chance(0.2) ? { perSecond: 20, burst: 5 } : undefined;
    return { concurrency, queue, rate };
  }

  /** A handler begins. */
  enter(run: Run, what: string): void {
    this.#trace.add(`${run.name} begins ${what}`);
    this.#ledger.check(!run.killed, () => `${what} is begun by ${run.name}, which is dead`);
    this.#running.set(run, this.#runningAt(run) + 1);
  }

  /**
   * It begins as soon as the role has taken it on.
   *
   * @param deadline - as its context has it
   */
  checkAdmitted(run: Run, deadline: number | undefined, what: string): void {
    const left = (deadline ?? Number.POSITIVE_INFINITY) - Date.now();
    const running = this.#runningAt(run);
    const check = (holds: boolean, why: string): void =>
      this.#ledger.check(holds, () => `${what} is begun by ${run.name} ${why}`);
    check(left > 0, `${-left} ms after its caller's time was over`);
    check(running <= (this.#places.get(run) ?? running), `where ${running} run by now`);
  }

  /** A handler has ended. */
  leave(run: Run): void {
    this.#running.set(run, this.#runningAt(run) - 1);
  }

  /** Whether a run has something to do. */
  isBusy(run: Run): boolean {
    const { running, queued } = run.peer.role(this.#role).load;
    return running > 0 || queued > 0;
  }

  #runningAt(run: Run): number {
    return this.#running.get(run) ?? 0;
  }
}

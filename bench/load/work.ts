import type { Worker } from "../subjects/subject.ts";
import type { WorkAsk } from "../talk.ts";
import { Latencies } from "./latencies.ts";
import type { Load } from "./load.ts";

/** Calls that keep the server busy; counts those that are answered in time. */
export function startWork(worker: Worker, ask: Omit<WorkAsk, "port">): Load {
  const asking = new Asking(worker, ask);
  const { offered } = ask;
  if ("inFlight" in offered) asking.keep(offered.inFlight);
  else asking.pace(offered.perSecond);
  return {
    get count() {
      return asking.useful;
    },
    mark: () => asking.latencies.mark(),
    stop: async () => {
      await asking.stop();
      await worker.close();
      return asking.latencies.summary();
    },
  };
}

class Asking {
  readonly latencies = new Latencies();
  useful = 0;
  readonly #worker: Worker;
  readonly #work: number;
  readonly #deadline: number;
  #outstanding = 0;
  #stopped: (() => void) | undefined;

  constructor(worker: Worker, { work, deadline }: Omit<WorkAsk, "port">) {
    this.#worker = worker;
    this.#work = work;
    this.#deadline = deadline;
  }

  /** So many are always outstanding. */
  keep(inFlight: number): void {
    const next = (): void => {
      if (this.#stopped === undefined) this.#ask(next);
    };
    for (let lane = 0; lane < inFlight; lane++) next();
  }

  /** So many a second, whatever becomes of them: what a late timer has missed is made up for. */
  pace(perSecond: number): void {
    const begin = performance.now();
    let asked = 0;
    const tick = (): void => {
      if (this.#stopped !== undefined) return;
      const due = ((performance.now() - begin) * perSecond) / 1000;
      for (; asked < due; asked++) this.#ask(() => {});
      setTimeout(tick, 1);
    };
    tick();
  }

  /** Resolves when the last one is over. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      if (this.#outstanding === 0) resolve();
    });
  }

  #ask(then: () => void): void {
    const askedAt = performance.now();
    this.#outstanding++;
    this.#worker.ask(this.#work, this.#deadline, (answered) => {
      const after = performance.now() - askedAt;
      this.#outstanding--;
      if (answered && after <= this.#deadline) {
        this.useful++;
        this.latencies.add(after);
      }
      then();
      if (this.#outstanding === 0) this.#stopped?.();
    });
  }
}

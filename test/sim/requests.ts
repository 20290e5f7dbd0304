import type { Context, RequestOptions } from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { type Run, TIMEOUTS } from "./site.ts";
import type { Trace } from "./trace.ts";

/** What a handler is asked to do. */
interface Task {
  readonly id: number;
  /** Milliseconds it takes. */
  readonly wait: number;
}

/** One request, and all that is known of it. */
interface Asked {
  readonly id: number;
  /** Names of the runs that have executed it, once an execution. */
  readonly executed: string[];
  /** The code it failed with, `"answered"`, or `undefined` while it is open. */
  outcome: string | undefined;
}

/** How often a request may have been executed that ended this way. Others: at most once. */
const EXECUTED: ReadonlyMap<string, number> = new Map([
  ["answered", 1],
  ["REJECTED", 1],
  ["NO_UNITS", 0],
  ["NO_ROLE", 0],
  ["NO_EVENT", 0],
  ["ROLE_DISABLED", 0],
  ["NOT_ALLOWED", 0],
  ["OVERLOADED", 0],
  ["NOT_DELIVERED", 0],
]);

/** How a request may end where none may be lost: peers come and go, and change their roles. */
const LOSSLESS: ReadonlySet<string> = new Set([
  "answered",
  "REJECTED",
  "TIMEOUT",
  "CANCELLED",
  "NO_UNITS",
  "NO_ROLE",
  "ROLE_DISABLED",
]);

const EVENTS = { now: 6, late: 6, back: 3, throw: 2, never: 1, relay: 2 } as const;
const BALANCES = ["round-robin", "random", "least-pending", "ewma", "hash", "first"] as const;

/** Requests of every kind: asked, executed, counted. */
export class Requests {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #lossless: boolean;
  readonly #asked: Asked[] = [];

  /** @param lossless - whether nothing happens that may lose a request */
  constructor(clock: Clock, random: Random, ledger: Ledger, trace: Trace, lossless: boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#ledger = ledger;
    this.#trace = trace;
    this.#lossless = lossless;
  }

  /** How many ended in each way. */
  get outcomes(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { outcome = "open" } of this.#asked) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return counts;
  }

  /** The handlers of one run. */
  install(run: Run): void {
    run.peer.role("post").onRequest("probe", () => run.name);
    const role = run.peer.role("work", { active: this.#random.chance(0.7) });
    role.onRequest<Task>("now", (ctx) => this.#execute(run, ctx.data));
    role.onRequest<Task>("late", async (ctx) => {
      const answer = this.#execute(run, ctx.data);
      await run.clock.sleep(ctx.data.wait);
      return answer;
    });
    role.onRequest<Task>("back", (ctx, answer) => {
      const value = this.#execute(run, ctx.data);
      void run.clock.sleep(ctx.data.wait).then(() => answer(null, value));
    });
    role.onRequest<Task>("throw", (ctx) => {
      throw new Error(`no to ${this.#execute(run, ctx.data)}`);
    });
    role.onRequest<Task>("never", (ctx) => {
      this.#execute(run, ctx.data);
      const { signal } = ctx;
      const over = this.#ledger.wait(run, `the signal of request ${ctx.data.id}`);
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          over();
          resolve(0);
        });
      });
    });
    role.onRequest<Task>("relay", async (ctx) => {
      const answer = this.#execute(run, ctx.data);
      const outcome = await this.#ask(run, "late", { signal: ctx.signal });
      // Its code would be taken for that of this request.
      if (outcome !== "answered") throw new Error(`the relayed one ended with ${outcome}`);
      return answer;
    });
  }

  /** One request by one run, to whoever plays the role. */
  ask(run: Run): void {
    // With nobody there it says little.
    if (!run.peer.destination("work").ready && this.#random.chance(0.9)) return;
    const event = this.#random.weighted(EVENTS);
    const options: Partial<RequestOptions> = {
      balance: this.#random.pick(BALANCES),
      key: `key ${this.#random.below(5)}`,
    };
    const timed = this.#random.chance(0.4) ? { timeout: this.#random.between(20, 4000) } : {};
    if (!this.#random.chance(0.15)) {
      void this.#ask(run, event, { ...options, ...timed });
      return;
    }
    const abort = new AbortController();
    this.#clock.after(this.#random.between(0, 500), () => {
      if (!run.killed) abort.abort(new Error("cancelled"));
    });
    void this.#ask(run, event, { ...options, ...timed, signal: abort.signal });
  }

  /** One request to every unit at once. */
  async survey(run: Run): Promise<void> {
    const destination = run.peer.destination("work");
    if (!destination.ready) return;
    const asked = this.#enter(run, "survey");
    const settled = this.#ledger.wait(run, `survey ${asked.id}`);
    const task: Task = { id: asked.id, wait: this.#random.between(0, 100) };
    for await (const item of destination.survey<number>("late", task)) {
      if (item.error === undefined) this.#answered(asked, item, item.unit.name);
      else this.#ledger.codeOf(`survey ${asked.id}`, item.error);
    }
    settled();
    const units = new Set(asked.executed);
    this.#ledger.check(
      units.size === asked.executed.length,
      () => `survey ${asked.id} was executed by ${asked.executed.join(", ")}`,
    );
  }

  /** Asks every unit by name, whatever it plays: all that is connected answers. */
  probe(run: Run): void {
    for (const unit of run.peer.units) {
      const what = `${run.name}'s probe of ${unit.name}`;
      const settled = this.#ledger.wait(run, what);
      run.peer
        .destination("post")
        .request({ event: "probe", unit }, null)
        .then(({ data }) => this.#ledger.check(data === unit.name, () => `${what} gave ${data}`))
        .catch((error: unknown) => this.#ledger.fault(`${what} failed: ${String(error)}`))
        .finally(settled);
    }
  }

  /** At the end: what each outcome says has been so. */
  finish(): void {
    for (const { id, outcome = "open", executed } of this.#asked) {
      if (outcome === "survey") continue;
      const right = EXECUTED.get(outcome);
      this.#ledger.check(
        right === undefined ? executed.length <= 1 : executed.length === right,
        () => `request ${id} ended with ${outcome} and was executed ${executed.length} times`,
      );
    }
  }

  async #ask(run: Run, event: string, options: Partial<RequestOptions>): Promise<string> {
    const { timeout = TIMEOUTS.request, signal } = options;
    const asked = this.#enter(run, event);
    const what = `request ${asked.id}`;
    const settled = this.#ledger.wait(run, what);
    const [since, sinceThere] = [this.#clock.now(), run.clock.now()];
    const task: Task = { id: asked.id, wait: this.#random.between(0, 300) };
    try {
      const answer = await run.peer
        .destination("work")
        .request<number>({ ...options, event }, task);
      asked.outcome = "answered";
      this.#answered(asked, answer, answer.unit.name);
      this.#ledger.check(
        executedOnceBy(asked, answer.unit.name),
        () => `${what} was answered by ${answer.unit.name}, executed by ${asked.executed.join()}`,
      );
    } catch (thrown) {
      asked.outcome = this.#ledger.codeOf(what, thrown);
    }
    settled();
    this.#trace.add(`${run.name}: ${what} ends with ${asked.outcome}`);
    const [after, afterThere] = [this.#clock.now() - since, run.clock.now() - sinceThere];
    const check = (holds: boolean, why: string): void =>
      this.#ledger.check(holds, () => `${what} ended with ${asked.outcome} ${why}`);
    check(after < timeout * 1.01 + 5, `after ${after} ms of ${timeout}`);
    check(asked.outcome !== "TIMEOUT" || afterThere > timeout - 1, `early, after ${afterThere} ms`);
    check(asked.outcome !== "CANCELLED" || signal?.aborted === true, "uncalled for");
    check(!this.#lossless || LOSSLESS.has(asked.outcome), "though none may be lost");
    return asked.outcome;
  }

  #enter(run: Run, event: string): Asked {
    const id = this.#asked.length;
    const outcome = event === "survey" ? event : undefined;
    const asked: Asked = { id, executed: [], outcome };
    this.#asked.push(asked);
    this.#trace.add(`${run.name} asks request ${id}, ${event}`);
    return asked;
  }

  #execute(run: Run, { id }: Task): number {
    this.#trace.add(`${run.name} executes request ${id}`);
    this.#ledger.check(!run.killed, () => `request ${id} is executed by the dead ${run.name}`);
    this.#asked[id]?.executed.push(run.name);
    return answerTo(id);
  }

  #answered(asked: Asked, { data }: Context<number>, by: string): void {
    this.#ledger.check(
      data === answerTo(asked.id) && asked.executed.includes(by),
      () => `${asked.id} has the answer ${data} of ${by}, executed by ${asked.executed.join()}`,
    );
  }
}

const answerTo = (id: number): number => 2 * id + 1;

const executedOnceBy = ({ executed }: Asked, name: string): boolean =>
  executed.length === 1 && executed[0] === name;

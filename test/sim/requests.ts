import type { Context, RequestOptions } from "troupe";
import type { Arrivals } from "./arrivals.ts";
import { type Asking, GIVEN_UP } from "./asking.ts";
import type { Farewells } from "./farewells.ts";
import type { Ledger } from "./ledger.ts";
import type { Places } from "./places.ts";
import type { Random } from "./random.ts";
import { answerTo, handleRequests, type Task } from "./request-handlers.ts";
import type { Run } from "./site.ts";

/** One request, and all that is known of it. */
interface Asked {
  readonly id: number;
  /** Who shall not get it: its asker knows that they leave. */
  readonly leaving: ReadonlySet<string>;
  /** The only one who may get it. */
  readonly only: string | undefined;
  /** Names of the runs that have executed it, once an execution. */
  readonly executed: string[];
  /** Those whose handlers have not answered. */
  readonly running: Map<Run, Context>;
  /** Those that were told that nobody waits for it any more. */
  readonly givenUp: Set<Run>;
  /** Whether a handler has failed it with a code that the library says, too. */
  refused: boolean;
  /** The code it failed with, `"answered"`, `"survey"`, or `undefined` while it is open. */
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

const EVENTS = {
  now: 5,
  late: 6,
  back: 3,
  throw: 1.5,
  refuse: 1.5,
  busy: 1.5,
  never: 1,
  relay: 2,
} as const;
const BALANCES = ["round-robin", "random", "least-pending", "ewma", "hash", "first"] as const;

/** What requests work with. */
interface Parts {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly asking: Asking;
  readonly places: Places;
  readonly arrivals: Arrivals;
  readonly farewells: Farewells;
}

/** Requests of every kind, without a key: asked, executed, counted. */
export class Requests {
  readonly #parts: Parts;
  readonly #asked: Asked[] = [];
  #stopped = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** How often handlers had begun with what was given up. */
  get stopped(): number {
    return this.#stopped;
  }

  /** The handlers of one run. */
  install(run: Run): void {
    run.peer.role("post").onRequest("probe", () => run.name);
    handleRequests(run, {
      ...this.#parts,
      begin: (at, ctx) => this.#begin(at, ctx),
      refuses: ({ id }) => {
        const asked = this.#asked[id];
        if (asked !== undefined) asked.refused = true;
      },
      relay: (by, signal) => this.#ask(by, { event: "late", signal }),
    });
  }

  /** One request by one run, to whoever plays the role. */
  ask(run: Run): void {
    const { random, asking } = this.#parts;
    const destination = run.peer.destination("work");
    // With nobody there it says little.
    if (!destination.ready && random.chance(0.9)) return;
    const event = random.weighted(EVENTS);
    const patient = event !== "never" && random.chance(0.05);
    const timeout = random.chance(0.4) ? random.between(20, 4000) : undefined;
    void this.#ask(run, {
      event,
      balance: random.pick(BALANCES),
      key: `key ${random.below(5)}`,
      unit: random.chance(0.1) ? random.pick(destination.units) : undefined,
      retry: random.pick([undefined, undefined, 0, 1, 5]),
      timeout: patient ? Number.POSITIVE_INFINITY : timeout,
      signal: random.chance(0.15) ? asking.abort(run, random.between(0, 500)) : undefined,
    });
  }

  /** Many at once. */
  burst(run: Run): void {
    for (let left = 3 + this.#parts.random.below(12); left > 0; left--) this.ask(run);
  }

  /** One request to every unit at once; some hear the first answers and no more. */
  async survey(run: Run): Promise<void> {
    const { random, ledger } = this.#parts;
    const destination = run.peer.destination("work");
    if (!destination.ready) return;
    const asked = this.#enter(run, { event: "survey" });
    const settled = ledger.wait(run, `survey ${asked.id}`);
    const task: Task = { id: asked.id, wait: random.between(0, 100) };
    const enough = random.chance(0.3) ? 1 : Number.POSITIVE_INFINITY;
    let heard = 0;
    const survey = destination.survey<number>("late", task);
    for await (const item of survey) {
      if (item.error === undefined) {
        this.#answered(asked, item, item.unit.name);
      } else {
        const code = ledger.codeOf(`survey ${asked.id}`, item.error);
        ledger.check(
          EXECUTED.get(code) !== 0 || !asked.executed.includes(item.unit.name),
          () => `survey ${asked.id} was executed by ${item.unit.name} in spite of ${code}`,
        );
      }
      heard++;
      if (heard === enough) break;
    }
    settled();
    // Not those whose connections were lost: they have yet to find that out.
    const given = new Set(survey.missing.map(({ name }) => name));
    this.#giveUp(run, asked, (name) => given.has(name));
  }

  /** Asks every unit by name, whatever it plays: all that is connected answers. */
  probe(run: Run): void {
    const { ledger } = this.#parts;
    for (const unit of run.peer.units) {
      const what = `${run.name}'s probe of ${unit.name}`;
      const settled = ledger.wait(run, what);
      run.peer
        .destination("post")
        .request({ event: "probe", unit }, null)
        .then(({ data }) => ledger.check(data === unit.name, () => `${what} gave ${data}`))
        .catch((error: unknown) => ledger.fault(`${what} failed: ${String(error)}`))
        .finally(settled);
    }
  }

  /** At the end: what each outcome says has been so. */
  finish(): void {
    for (const { id, outcome = "open", refused, executed } of this.#asked) {
      const count = executed.length;
      const fault = (why: string): void =>
        this.#parts.ledger.fault(`request ${id} ended with ${outcome} ${why}`);
      if (outcome === "survey") {
        if (new Set(executed).size < count) fault(`executed by ${executed.join()}`);
        continue;
      }
      // A handler has it from the moment on at which it says so, whatever it says.
      const right = refused ? 1 : EXECUTED.get(outcome);
      if (right === undefined ? count > 1 : count !== right)
        fault(`and was executed ${count} times`);
    }
  }

  async #ask(run: Run, options: RequestOptions): Promise<string> {
    const { random, ledger, asking } = this.#parts;
    const asked = this.#enter(run, options);
    const task: Task = { id: asked.id, wait: random.between(0, 300) };
    const what = `request ${asked.id}`;
    const { outcome, answer } = await asking.ask<number>(run, what, options, task);
    asked.outcome = outcome;
    if (answer !== undefined) {
      this.#answered(asked, answer, answer.unit.name);
      ledger.check(
        executedOnceBy(asked, answer.unit.name),
        () => `${what} was answered by ${answer.unit.name}, executed by ${asked.executed.join()}`,
      );
    }
    if (GIVEN_UP.has(outcome)) this.#giveUp(run, asked);
    return outcome;
  }

  #enter(run: Run, { event, unit }: RequestOptions): Asked {
    const { farewells } = this.#parts;
    const asked: Asked = {
      id: this.#asked.length,
      leaving: new Set(farewells.knownTo(run)),
      only: unit?.name,
      executed: [],
      running: new Map(),
      givenUp: new Set(),
      refused: false,
      outcome: event === "survey" ? event : undefined,
    };
    this.#asked.push(asked);
    return asked;
  }

  /** A handler begins. What is returned is to be called when it ends. */
  #begin(run: Run, ctx: Context<Task>): () => void {
    const { ledger, places } = this.#parts;
    const asked = this.#asked[ctx.data.id];
    if (asked === undefined) throw new Error(`request ${ctx.data.id} was never asked`);
    const { id, executed, running, givenUp, leaving, only } = asked;
    const { deadline, signal } = ctx;
    places.enter(run, `request ${id}`);
    places.checkAdmitted(run, deadline, `request ${id}`);
    executed.push(run.name);
    running.set(run, ctx);
    const check = (holds: boolean, why: string): void =>
      ledger.check(holds, () => `request ${id} is executed by ${run.name}, ${why}`);
    check(!signal.aborted, "for whom nobody waits");
    check(!givenUp.has(run), "which knows that it was given up");
    check(!leaving.has(run.name), "which had said that it leaves");
    check((only ?? run.name) === run.name, `and was for ${only}`);
    return () => {
      if (running.delete(run)) places.leave(run);
    };
  }

  /**
   * Nobody waits for it any more: before long no handler does anything for it, or begins.
   *
   * @param told - whether a run of this name is told
   */
  #giveUp(run: Run, asked: Asked, told: (name: string) => boolean = () => true): void {
    const { ledger, arrivals } = this.#parts;
    arrivals.everywhere(run, ({ last }) => {
      if (last === undefined || !told(last.name)) return;
      asked.givenUp.add(last);
      if (asked.executed.includes(last.name)) this.#stopped++;
      ledger.check(
        asked.running.get(last)?.signal.aborted !== false,
        () => `${last.name} was not told that request ${asked.id} was given up`,
      );
    });
  }

  #answered(asked: Asked, { data }: Context<number>, by: string): void {
    this.#parts.ledger.check(
      data === answerTo(asked) && asked.executed.includes(by),
      () => `${asked.id} has the answer ${data} of ${by}, executed by ${asked.executed.join()}`,
    );
  }
}

const executedOnceBy = ({ executed }: Asked, name: string): boolean =>
  executed.length === 1 && executed[0] === name;

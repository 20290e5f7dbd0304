import type { Context, RequestOptions } from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import { TroupeError } from "../../src/errors.ts";
import type { Arrivals } from "./arrivals.ts";
import { type Asking, type Ending, GIVEN_UP } from "./asking.ts";
import { hostOf } from "./host.ts";
import type { Ledger } from "./ledger.ts";
import type { Memories } from "./memories.ts";
import type { Places } from "./places.ts";
import type { Random } from "./random.ts";
import type { Run } from "./site.ts";

/** One time that a handler has worked for a key. */
interface Execution {
  /** What it says, whatever that is: nothing else does. */
  readonly saying: string;
  readonly run: Run;
  readonly asked: Asked | undefined;
  readonly since: number;
  until: number;
  /** `"answered"`, `"REJECTED"`, or a code by which it says that nothing was done; `undefined` while it runs. */
  outcome: string | undefined;
  /** How many were told. */
  heard: number;
}

/** One request. */
interface Asked {
  readonly key: Key;
  readonly since: number;
  /** Whether it was sent once, whatever happened. */
  readonly single: boolean;
  /** Sites that were told that nobody waits for it any more. */
  readonly givenUp: Set<string>;
  until: number;
  outcome: string | undefined;
  /** Whose answer it got, if it was a handler's. */
  heard: Execution | undefined;
}

/** All that is known of a key: it belongs to whoever is at a site, and an event. */
interface Key {
  readonly name: string;
  readonly executions: Execution[];
  readonly asked: Asked[];
}

/** Ends that say that no handler has done anything for a request. */
const UNTOUCHED: ReadonlySet<string | undefined> = new Set([
  "NO_UNITS",
  "NO_ROLE",
  "ROLE_DISABLED",
  "OVERLOADED",
  "NOT_DELIVERED",
]);

/** Ends of a handler's that are remembered. */
const REMEMBERED: ReadonlySet<string | undefined> = new Set(["answered", "REJECTED"]);

/** Ends after which it is worth asking again with the same key. */
const UNKNOWN: ReadonlySet<string> = new Set([...GIVEN_UP, "OUTCOME_UNKNOWN"]);

const EVENTS = { soon: 3, keep: 5, deny: 2, refuse: 3 } as const;
const REFUSALS = ["OVERLOADED", "NO_ROLE", "ROLE_DISABLED"] as const;
/** Keys of one site for one event. */
const KEYS = 5;
/** Milliseconds of work for each. */
const WORK = 60;

/** What keyed requests work with. */
interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly asking: Asking;
  readonly places: Places;
  readonly arrivals: Arrivals;
  readonly memories: Memories;
}

/** Requests that are to be executed once, however often they are made. */
export class Keyed {
  readonly #parts: Parts;
  readonly #keys = new Map<string, Key>();
  readonly #asked: Asked[] = [];
  readonly #executions: Execution[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** How often handlers were run, and how many were told what they had said to others. */
  get counts(): { executions: number; replays: number } {
    const replays = this.#executions.reduce((sum, { heard }) => sum + Math.max(0, heard - 1), 0);
    return { executions: this.#executions.length, replays };
  }

  /** The handlers of one run. */
  install(run: Run): void {
    const { random } = this.#parts;
    const role = run.peer.role("work");
    const work = async (ctx: Context<number>, outcome: string): Promise<string> => {
      const execution = this.#begin(run, ctx);
      if (ctx.event !== "once.soon") await run.clock.sleep(ctx.data);
      return this.#end(execution, ctx, outcome);
    };
    role.onRequest<number>("once.soon", (ctx) => work(ctx, "answered"));
    role.onRequest<number>("once.keep", (ctx) => work(ctx, "answered"));
    role.onRequest<number>("once.deny", async (ctx) => {
      throw new Error(await work(ctx, "REJECTED"));
    });
    role.onRequest<number>("once.refuse", async (ctx) => {
      const code = random.pick([...REFUSALS, undefined]);
      const saying = await work(ctx, code ?? "answered");
      if (code === undefined) return saying;
      throw new TroupeError(code, saying);
    });
  }

  /** Some requests of one run, with new keys or with those that it or an earlier run there has used. */
  ask(run: Run): void {
    const { random } = this.#parts;
    if (!run.peer.destination("work").ready) return;
    const event = `once.${random.weighted(EVENTS)}`;
    const number = random.below(KEYS);
    const others = random.chance(0.5);
    for (let left = random.pick([1, 1, 2, 4]) ?? 1; left > 0; left--)
      void this.#askUntilKnown(run, event, others ? random.below(KEYS) : number);
  }

  /** As a program does that has to know: it asks again when it was not told whether it is done. */
  async #askUntilKnown(run: Run, event: string, number: number): Promise<void> {
    const { random } = this.#parts;
    for (let left = 3; left > 0 && run.up; left--) {
      if (!UNKNOWN.has(await this.#ask(run, event, number))) return;
      await run.clock.sleep(random.between(0, 200));
    }
  }

  async #ask(run: Run, event: string, number: number): Promise<string> {
    const { clock, random, asking, arrivals } = this.#parts;
    const idempotencyKey = `order ${number}`;
    const key = this.#find(run.site, event, idempotencyKey);
    const id = this.#asked.length;
    const retry = random.pick([undefined, 0, 1, 1, 4]);
    const asked: Asked = {
      key,
      since: clock.now(),
      single: retry === 0,
      givenUp: new Set(),
      until: Number.POSITIVE_INFINITY,
      outcome: undefined,
      heard: undefined,
    };
    this.#asked.push(asked);
    key.asked.push(asked);
    const options: RequestOptions = {
      event,
      idempotencyKey,
      metadata: { id: String(id) },
      balance: random.pick(["round-robin", "first", "hash"]),
      key: idempotencyKey,
      retry,
      timeout: random.pick([20, 100, 1000, undefined, undefined, Number.POSITIVE_INFINITY]),
      signal: random.chance(0.2) ? asking.abort(run, random.between(0, 200)) : undefined,
    };
    // Others use the same data with the same key: only who they are, and for what, tells them apart.
    const what = `no. ${id} for ${key.name}`;
    const ending = await asking.ask<string>(run, what, options, number * WORK);
    asked.outcome = ending.outcome;
    asked.until = clock.now();
    this.#hear(asked, ending);
    // Others may wait on connections of which one side only knows that they are lost.
    if (asked.single && GIVEN_UP.has(ending.outcome))
      arrivals.everywhere(run, (site) => void asked.givenUp.add(site.name));
    return ending.outcome;
  }

  /** At the end: what nobody has done according to the library was not done. */
  finish(): void {
    for (const execution of this.#executions) {
      const { asked, run } = execution;
      const denied = asked?.heard === undefined && UNTOUCHED.has(asked?.outcome);
      this.#parts.ledger.check(
        !(denied && isKept(execution)),
        () => `${asked?.key.name} was executed by ${run.name} in spite of ${asked?.outcome}`,
      );
    }
  }

  #begin(run: Run, ctx: Context<number>): Execution {
    const { clock, ledger, places, memories } = this.#parts;
    const key = this.#find(hostOf(ctx.unit.name), ctx.event, ctx.idempotencyKey ?? "none");
    const asked = this.#asked[Number(ctx.metadata["id"])];
    places.enter(run, key.name);
    // One that had to wait for another unit is not admitted again when it begins.
    if (memories.kind === "own") places.checkAdmitted(run, ctx.deadline, key.name);
    const now = clock.now();
    const check = (holds: boolean, why: string): void =>
      ledger.check(holds, () => `${key.name} is executed by ${run.name}, ${why}`);
    for (const earlier of key.executions) {
      const knows = memories.isShared(earlier.run, run, now - earlier.since);
      check(!(isKept(earlier) && knows), `and was by ${earlier.run.name}`);
    }
    check(asked?.key === key, "which it was not asked for");
    const waits = asked === undefined || !asked.givenUp.has(run.site) || isJoined(asked);
    check(waits, "for whom nobody waits");
    const execution: Execution = {
      saying: `${key.name}, execution ${this.#executions.length}`,
      run,
      asked,
      since: now,
      until: Number.POSITIVE_INFINITY,
      outcome: undefined,
      heard: 0,
    };
    this.#executions.push(execution);
    key.executions.push(execution);
    return execution;
  }

  #end(execution: Execution, ctx: Context<number>, outcome: string): string {
    const { clock, ledger, places } = this.#parts;
    const { run, saying } = execution;
    places.leave(run);
    ledger.check(!ctx.signal.aborted, () => `${saying}: its signal is aborted`);
    execution.outcome = outcome;
    execution.until = clock.now();
    return saying;
  }

  /** Whoever repeats a key is told what a handler has said, if that is remembered, and by whom it was. */
  #hear(asked: Asked, { outcome, answer, error }: Ending<string>): void {
    const { key, since } = asked;
    const { ledger, memories } = this.#parts;
    const said = answer?.data ?? (error instanceof TroupeError ? error.message : "");
    const execution = key.executions.find(({ saying }) => saying === said);
    const check = (holds: boolean, why: string): void =>
      ledger.check(holds, () => `${key.name} ended with ${outcome}, ${why}: ${said}`);
    if (execution === undefined) {
      check(!REMEMBERED.has(outcome), "which nobody has said");
      return;
    }
    asked.heard = execution;
    execution.heard++;
    const { run, until } = execution;
    check(execution.outcome === outcome, `not with ${execution.outcome}`);
    check(
      REMEMBERED.has(outcome) || since < until + memories.delay,
      "though that was not to be remembered",
    );
    const by = answer?.unit.name ?? run.name;
    check(memories.kind !== "own" || by === run.name, `told by ${by}`);
  }

  #find(site: string, event: string, text: string): Key {
    const name = `${text} of ${site} to ${event}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { name, executions: [], asked: [] };
      this.#keys.set(name, key);
    }
    return key;
  }
}

/** Whether it has not said that nothing was done. */
const isKept = ({ outcome }: Execution): boolean =>
  outcome === undefined || REMEMBERED.has(outcome);

/** Whether there was another request with its key meanwhile, who may wait for the same execution. */
const isJoined = (asked: Asked): boolean =>
  asked.key.asked.some((other) => other !== asked && other.until >= asked.since);

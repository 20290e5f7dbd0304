import type { Clock } from "../../src/async/clock.ts";
import { Arrivals } from "./arrivals.ts";
import { Asking } from "./asking.ts";
import { Farewells } from "./farewells.ts";
import { Keyed } from "./keyed.ts";
import type { Ledger } from "./ledger.ts";
import { Memories } from "./memories.ts";
import { Messages } from "./messages.ts";
import type { Net } from "./net.ts";
import { Places } from "./places.ts";
import type { Random } from "./random.ts";
import { Requests } from "./requests.ts";
import type { Run, Site } from "./site.ts";
import { Streams } from "./streams.ts";
import type { Trace } from "./trace.ts";

const WORK = {
  request: 50,
  burst: 2,
  keyed: 15,
  survey: 4,
  send: 20,
  bulk: 3,
  broadcast: 5,
  publish: 6,
  stream: 8,
  role: 4,
  topic: 2,
} as const;

/** How often what happened that there is something to look at. */
export interface Totals {
  /** Requests, by how they ended. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Messages that were received. */
  readonly messages: number;
  readonly streams: { readonly asked: number; readonly complete: number };
  /** Requests with a key: handlers that were run, and callers who were told what others had been told. */
  readonly keyed: { readonly executions: number; readonly replays: number };
  /** Peers that heard that another one leaves. */
  readonly farewells: number;
  /** Handlers that had begun with what was given up. */
  readonly stopped: number;
  /** Senders that had to wait until there was room. */
  readonly held: number;
}

/** What the work is done in. */
interface Scene {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly trace: Trace;
  readonly net: Net;
  /** Whether nothing happens that may lose anything. */
  readonly lossless: boolean;
  readonly sites: () => readonly Site[];
}

/** All that peers do with each other, and what must hold of it. */
export class Workload {
  readonly memories: Memories;
  readonly #scene: Scene;
  readonly #asking: Asking;
  readonly #farewells: Farewells;
  readonly #places: readonly Places[];
  readonly #requests: Requests;
  readonly #keyed: Keyed;
  readonly #messages: Messages;
  readonly #streams: Streams;

  constructor(scene: Scene) {
    const { clock, random, ledger, trace, net, lossless, sites } = scene;
    const fork = (): Random => random.fork();
    const tight = random.chance(0.5);
    const arrivals = new Arrivals(clock, net, sites);
    const asking = new Asking(clock, ledger, trace, lossless);
    const farewells = new Farewells(arrivals, ledger);
    const memories = new Memories(clock, fork(), lossless);
    const places = new Places("work", fork(), ledger, trace, tight);
    const mouths = new Places("flow", fork(), ledger, trace, tight);
    const parts = { clock, ledger, asking, places, arrivals };
    this.memories = memories;
    this.#scene = scene;
    this.#asking = asking;
    this.#farewells = farewells;
    this.#places = [places, mouths];
    this.#requests = new Requests({ ...parts, random: fork(), farewells });
    this.#keyed = new Keyed({ ...parts, random: fork(), memories });
    this.#messages = new Messages(fork(), ledger, trace, arrivals);
    this.#streams = new Streams(clock, fork(), ledger, trace, lossless, mouths);
  }

  get totals(): Totals {
    return {
      outcomes: this.#asking.outcomes,
      messages: this.#messages.received,
      streams: this.#streams.counts,
      keyed: this.#keyed.counts,
      farewells: this.#farewells.heard,
      stopped: this.#requests.stopped,
      held: this.#messages.held,
    };
  }

  /** Whether requests are open, or handlers run. */
  isBusy(runs: readonly Run[]): boolean {
    if (this.#asking.open > 0) return true;
    return this.#places.some((places) => runs.some((run) => places.isBusy(run)));
  }

  /** Gives a new run what it is to do when it is asked. */
  furnish(run: Run): void {
    this.#requests.install(run);
    this.#keyed.install(run);
    this.#messages.install(run);
    this.#streams.install(run);
  }

  /** A run has begun to leave, and says so. */
  leaves(run: Run): void {
    this.#farewells.begin(run);
  }

  /** Something that a run may do. */
  work(run: Run): void {
    const { random } = this.#scene;
    const what = random.weighted(WORK);
    switch (what) {
      case "request":
        this.#requests.ask(run);
        break;
      case "burst":
        this.#requests.burst(run);
        break;
      case "keyed":
        this.#keyed.ask(run);
        break;
      case "survey":
        void this.#requests.survey(run);
        break;
      case "send":
        this.#messages.send(run);
        break;
      case "bulk":
        void this.#messages.bulk(run);
        break;
      case "broadcast":
        this.#messages.broadcast(run);
        break;
      case "publish":
        this.#messages.publish(run);
        break;
      case "stream":
        this.#streams.open(run);
        break;
      case "role":
        this.#changeRole(run);
        break;
      case "topic":
        this.#messages.turn(run);
        break;
    }
  }

  /** When nothing is broken any more: nothing goes on for ever, and everybody answers everybody. */
  rest(runs: readonly Run[]): void {
    const { ledger, lossless } = this.#scene;
    const { open } = this.#asking;
    ledger.check(open === 0, () => `${open} requests are open for ever`);
    for (const run of runs) {
      const busy = this.#places.some((places) => places.isBusy(run));
      ledger.check(!busy, () => `${run.name} has something to do for ever`);
    }
    this.#messages.finish(lossless);
    for (const run of runs) this.#requests.probe(run);
  }

  /** When all peers are gone. */
  finish(): void {
    this.#requests.finish();
    this.#keyed.finish();
    this.#streams.finish();
  }

  #changeRole({ name, peer }: Run): void {
    const { random, trace } = this.#scene;
    const role = peer.role(random.pick(["work", "flow"]) ?? "work");
    if (role.active && random.chance(0.4)) role.disable();
    else role.enable();
    trace.add(`${name}: ${role.name} is ${role.active ? "on" : "off"}`);
  }
}

import type { Clock } from "../../src/async/clock.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Harm } from "./harm.ts";
import { Ledger } from "./ledger.ts";
import { layOut, strayed } from "./mesh.ts";
import { Net, type Weather } from "./net.ts";
import { Random } from "./random.ts";
import { enter, type World } from "./seams.ts";
import type { Run, Site } from "./site.ts";
import { Trace } from "./trace.ts";
import { type Totals, Workload } from "./workload.ts";

/** What a simulation does differently. */
export interface SimulationOptions {
  /** What the network does to messages on purpose. */
  readonly mangling?: Weather["mangling"];
  /** Lines of the trace to keep. Default 200. */
  readonly keep?: number | undefined;
}

/** What came of one seed. */
export interface Report {
  readonly seed: number;
  /** Invariants that do not hold; empty when all is well. */
  readonly faults: readonly string[];
  /** The last lines of what happened. */
  readonly trace: readonly string[];
  /** The same for the same run. */
  readonly sum: string;
  /** Virtual milliseconds. */
  readonly time: number;
  readonly mood: Mood;
  readonly totals: Totals;
}

/** Milliseconds after which all that was broken is whole again: the longest back-off, and what led to it. */
const RECOVERY = 60_000;

/** Milliseconds within which a connection is open on both sides. */
const HANDSHAKE = 500;

/** Milliseconds in which requests and goodbyes that were under way have come to their end. */
const AFTERMATH = 5000;

/** Runs whole peers through all that a seed says, and looks whether what is promised has been kept. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Report> {
  const simulation = new Simulation(seed, options);
  const realNow = Date.now;
  const unheard = (reason: unknown): void =>
    simulation.ledger.fault(`unhandled rejection: ${String(reason)}`);
  process.on("unhandledRejection", unheard);
  Date.now = () => simulation.wallClock;
  try {
    await simulation.run();
  } catch (thrown) {
    simulation.ledger.fault(`thrown where nothing may be: ${String(thrown)}`);
  } finally {
    Date.now = realNow;
    process.off("unhandledRejection", unheard);
    enter(undefined);
  }
  return simulation.report;
}

const DAILY = { work: 120, leave: 1.5, restart: 5 } as const;

/**
 * What happens to a mesh: `calm` that peers come, leave politely and change their roles; `cut` that
 * connections are cut, too; `rough` everything.
 */
type Mood = "calm" | "cut" | "rough";

/** Where nothing may be lost: connections outlive their channels. */
const LOSSLESS: ReadonlySet<Mood> = new Set<Mood>(["calm", "cut"]);

class Simulation {
  readonly ledger: Ledger;
  readonly #seed: number;
  readonly #clock = new VirtualClock();
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #net: Net;
  readonly #sites: readonly Site[];
  readonly #harm: Harm;
  readonly #workload: Workload;
  readonly #mood: Mood;
  readonly #world: World;

  constructor(seed: number, { mangling, keep = 200 }: SimulationOptions) {
    this.#seed = seed;
    this.#random = new Random(seed);
    const clock = this.#clock;
    this.#trace = new Trace(() => clock.now(), keep);
    this.ledger = new Ledger(this.#trace);
    this.#mood = this.#random.weighted<Mood>({ calm: 3, cut: 2, rough: 7 });
    const most = this.#random.pick([1, 5, 40]) ?? 1;
    const rate = this.#random.pick([500, 5000, 100_000]) ?? 5000;
    const weather: Weather = { delay: [0.1, most], rate, mangling };
    this.#net = new Net(clock, this.#random.fork(), this.#trace, weather);
    this.#workload = new Workload({
      clock,
      random: this.#random.fork(),
      ledger: this.ledger,
      trace: this.#trace,
      net: this.#net,
      lossless: LOSSLESS.has(this.#mood),
      sites: () => this.#sites,
    });
    const secrets = this.#random.fork();
    this.#world = {
      clock,
      dial: (url, dialOptions) => this.#net.dial(url, dialOptions),
      listen: (listenOptions, reception, limits) =>
        this.#net.listen(listenOptions, reception, limits),
      randomBytes: (length) => secrets.bytes(length),
    };
    this.#sites = layOut({
      clock,
      random: this.#random.fork(),
      ledger: this.ledger,
      within: (peerClock, make) => this.#within(peerClock, make),
      memories: this.#workload.memories,
      furnish: (run) => this.#workload.furnish(run),
      leaves: (run) => this.#workload.leaves(run),
      told: (what) => this.#trace.add(what),
    });
    this.#harm = new Harm({
      clock,
      random: this.#random.fork(),
      ledger: this.ledger,
      trace: this.#trace,
      net: this.#net,
      sites: this.#sites,
    });
  }

  /** See {@link Harm.wallClock}. */
  get wallClock(): number {
    return this.#harm.wallClock;
  }

  get report(): Report {
    return {
      seed: this.#seed,
      faults: this.ledger.faults,
      trace: this.#trace.tail,
      sum: this.#trace.sum,
      time: this.#clock.now(),
      mood: this.#mood,
      totals: this.#workload.totals,
    };
  }

  async run(): Promise<void> {
    enter(this.#world);
    for (const site of this.#sites) site.start();
    await this.#clock.advance(this.#random.between(100, 1000));
    await this.#trouble(this.#random.between(1000, 4000));
    await this.#recover();
    await this.#end();
  }

  #within<T>(clock: Clock, make: () => T): T {
    enter({ ...this.#world, clock });
    try {
      return make();
    } finally {
      enter(this.#world);
    }
  }

  /** Work, and harm unless it is calm, at random moments. */
  async #trouble(time: number): Promise<void> {
    const end = this.#clock.now() + time;
    const gap = this.#random.pick([10, 30, 60]) ?? 30;
    const harm = this.#mood === "calm" ? 0 : (this.#random.pick([0.01, 0.05]) ?? 0);
    while (this.#clock.now() < end) {
      await this.#clock.advance(this.#random.between(0, 2 * gap));
      if (!this.#random.chance(harm)) this.#go();
      else if (this.#mood === "cut") this.#cut();
      else this.#harm.strike();
    }
  }

  /** Who leaves listens no more, so a connection that it loses then cannot be resumed. */
  #cut(): void {
    if (!this.#sites.some(({ leaving }) => leaving)) this.#harm.do("cut");
  }

  /** What happens on a day on which nothing breaks. */
  #go(): void {
    const site = this.#random.pick(this.#sites);
    switch (this.#random.weighted(DAILY)) {
      case "work":
        if (site?.run !== undefined) this.#workload.work(site.run);
        break;
      case "leave":
        this.#leave(site);
        break;
      case "restart":
        this.#sites.find(({ empty }) => empty)?.start();
        break;
    }
  }

  /** One at a time, as in a rolling restart. */
  #leave(site: Site | undefined): void {
    if (site === undefined || this.#sites.some(({ leaving }) => leaving)) return;
    // A listener that leaves cuts what only the dialer takes for open: what that has sent is lost.
    const lossless = LOSSLESS.has(this.#mood);
    if (lossless && this.#net.isNewAt(site.name, HANDSHAKE)) return;
    // Nor is it found any more by those that would resume a connection.
    const connections = this.#runs
      .flatMap(({ peer }) => peer.units)
      .flatMap((unit) => unit.connections);
    if (lossless && connections.some(({ suspended }) => suspended)) return;
    const hurried = !lossless && this.#random.chance(0.3);
    void site.leave(hurried ? this.#random.between(1, 300) : undefined);
  }

  /** Nothing breaks any more: before long all that is permanent is there again. */
  async #recover(): Promise<void> {
    this.#trace.add("recovery");
    const end = this.#clock.now() + RECOVERY;
    await this.#clock.advance(AFTERMATH);
    while (this.#clock.now() < end && !this.#quiet) {
      for (const site of this.#sites) if (site.empty) site.start();
      await this.#clock.advance(500);
    }
    const wrong = strayed(this.#sites);
    this.ledger.check(wrong === undefined, () => `after ${RECOVERY} ms ${wrong}`);
    this.#workload.rest(this.#runs);
    await this.#clock.advance(1000);
  }

  /** Whether nothing is broken any more, nor goes on. */
  get #quiet(): boolean {
    if (this.#harm.lasts || this.#workload.isBusy(this.#runs)) return false;
    return strayed(this.#sites) === undefined;
  }

  get #runs(): readonly Run[] {
    return this.#sites.flatMap(({ run }) => run ?? []);
  }

  async #end(): Promise<void> {
    this.#trace.add("the end");
    for (const site of this.#sites) {
      void site.leave(this.#random.pick([0, 3000]));
      if (this.#random.chance(0.5)) await this.#clock.advance(this.#random.between(0, 100));
    }
    await this.#clock.advance(10_000);
    this.ledger.settled();
    this.#workload.finish();
    const { lines } = this.#net;
    this.ledger.check(lines.length === 0, () => `${lines.length} channels are still there`);
    this.ledger.check(this.#clock.timers === 0, () => `${this.#clock.timers} timers are left`);
  }
}

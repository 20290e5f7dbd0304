import type { Clock } from "../../src/async/clock.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./line.ts";
import type { Net } from "./net.ts";
import type { Random } from "./random.ts";
import { type Run, type Site, TIMEOUTS } from "./site.ts";
import type { Trace } from "./trace.ts";

const HARM = { cut: 5, hole: 3, kill: 1.5, vanish: 1, leap: 1, wall: 1 } as const;

/** What can be done to a mesh. */
type Blow = keyof typeof HARM;

/** Milliseconds after which both sides know of a silence: two heartbeats of a slow clock, and the way. */
const NOTICED = 2 * TIMEOUTS.heartbeat * 1.01 + 200;

/** What harm is done with. */
interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly trace: Trace;
  readonly net: Net;
  readonly sites: readonly Site[];
}

/** Breaks things, one at a time, and mends what does not mend itself. */
export class Harm {
  readonly #parts: Parts;
  /** Pairs of hosts between which there is a black hole. */
  readonly #holes = new Set<string>();
  /** Runs whose clocks have leapt: they may take a silence for a stall of their own. */
  readonly #leapt = new Set<Run>();
  #wall = 1.7e12;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether something is broken that will be mended. */
  get lasts(): boolean {
    return this.#holes.size > 0;
  }

  /** Milliseconds of the calendar, as the machines have it: it jumps, back, too. */
  get wallClock(): number {
    return Math.floor(this.#wall + this.#parts.clock.now());
  }

  /** Any blow. */
  strike(): void {
    this.do(this.#parts.random.weighted(HARM));
  }

  do(blow: Blow): void {
    const { random, sites, net, trace } = this.#parts;
    const site = random.pick(sites);
    switch (blow) {
      case "cut":
        net.cut();
        break;
      case "hole":
        this.#hole(site, random.pick(sites));
        break;
      case "kill":
        if (site === undefined || site.empty) break;
        site.kill();
        net.die(site.name);
        break;
      case "vanish":
        if (site === undefined || site.empty) break;
        this.#vanish(site);
        break;
      case "leap": {
        const run = site?.run;
        if (run === undefined) break;
        const ms = random.between(0, 20_000);
        trace.add(`the clock of ${run.name} leaps ${ms.toFixed(0)} ms ahead`);
        this.#leapt.add(run);
        run.clock.leap(ms);
        break;
      }
      case "wall":
        this.#wall += random.between(-1e9, 1e9);
        break;
    }
  }

  /** The process is gone, and nobody is told: its lines stay as they are. */
  #vanish(site: Site): void {
    const { sites, net } = this.#parts;
    const lines = sites.map((other) => net.linesBetween(site.name, other.name));
    site.kill();
    net.vanish(site.name);
    sites.forEach((other, i) => {
      if (other !== site) this.#expectNoticed([other], lines[i] ?? [], `the end of ${site.name}`);
    });
  }

  /** Two heartbeats from now all these lines are over, unless one of these sites has its own troubles. */
  #expectNoticed(sites: readonly Site[], lines: readonly Line[], what: string): void {
    const { clock, ledger } = this.#parts;
    const runs = sites.map(({ run }) => run);
    clock.after(NOTICED, () => {
      const steady = runs.every((run) => run?.up === true && !this.#leapt.has(run));
      const names = runs.map((run) => run?.name).join(" and ");
      ledger.check(
        !steady || lines.every(({ over }) => over),
        () => `${what} was not noticed by ${names}`,
      );
    });
  }

  /** One way, or both, for a while: shorter than heartbeats are patient, or as long. */
  #hole(from: Site | undefined, to: Site | undefined): void {
    if (from === undefined || to === undefined || from === to) return;
    const { clock, random, net } = this.#parts;
    const pair = from.name < to.name ? `${from.name}, ${to.name}` : `${to.name}, ${from.name}`;
    if (this.#holes.has(pair)) return;
    this.#holes.add(pair);
    const long = random.chance(0.4);
    const ways: [string, string][] = [[from.name, to.name]];
    if (random.chance(0.5)) ways.push([to.name, from.name]);
    for (const way of ways) net.hole(...way, true);
    if (long)
      this.#expectNoticed([from, to], net.linesBetween(from.name, to.name), `the hole of ${pair}`);
    clock.after(long ? NOTICED : random.between(100, 3000), () => {
      for (const way of ways) net.hole(...way, false);
      this.#holes.delete(pair);
    });
  }
}

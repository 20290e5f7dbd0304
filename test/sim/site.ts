// First, as it takes the machine away from the peers that are loaded after it.
import "./seams.ts";
import { type Logger, Peer, type PeerOptions } from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import { hostOf } from "./host.ts";
import { isAccusing, type Ledger, type Owner } from "./ledger.ts";
import type { Memories } from "./memories.ts";
import { PeerClock } from "./peer-clock.ts";
import type { Random } from "./random.ts";

/** Milliseconds: short, so that little virtual time shows what they do. */
export const TIMEOUTS = { request: 4000, handshake: 1500, heartbeat: 2000 } as const;

/** Milliseconds that a peer which leaves gives to what it does; more than any handler takes. */
const FAREWELL = 10_000;

/** Milliseconds that closing may take beyond what it gives to what runs: to say so, and goodbye. */
const GOODBYE = 2500;

/** One run of a peer at a site. */
export class Run implements Owner {
  readonly name: string;
  readonly site: string;
  readonly clock: PeerClock;
  readonly peer: Peer;
  state: "up" | "leaving" | "left" | "killed" = "up";

  constructor(site: string, name: string, clock: PeerClock, peer: Peer) {
    this.site = site;
    this.name = name;
    this.clock = clock;
    this.peer = peer;
  }

  get up(): boolean {
    return this.state === "up";
  }

  get killed(): boolean {
    return this.state === "killed";
  }
}

/** What a site needs of its world. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Makes a peer that lives by this clock. */
  readonly within: <T>(clock: Clock, make: () => T) => T;
  readonly memories: Memories;
  /** Gives a new run its work. */
  readonly furnish: (run: Run) => void;
  /** A run has begun to leave. */
  readonly leaves: (run: Run) => void;
  readonly told: (what: string) => void;
}

/** A place in the network where one peer runs at a time, always with the same identity. */
export class Site {
  readonly name: string;
  /** Names of hosts that it dials and keeps connected. */
  readonly dials: readonly string[];
  readonly runs: Run[] = [];
  readonly #ground: Ground;
  readonly #identity: Uint8Array;

  constructor(name: string, dials: readonly string[], ground: Ground) {
    this.name = name;
    this.dials = dials;
    this.#ground = ground;
    this.#identity = ground.random.bytes(32);
  }

  /** The run that was started last. */
  get last(): Run | undefined {
    return this.runs.at(-1);
  }

  /** The run that is up, if there is one. */
  get run(): Run | undefined {
    const { last } = this;
    return last?.up === true ? last : undefined;
  }

  /** Whether its run is about to leave. */
  get leaving(): boolean {
    return this.last?.state === "leaving";
  }

  /** Whether the last run is over, so that there may be another. */
  get empty(): boolean {
    const state = this.last?.state;
    return state === undefined || state === "left" || state === "killed";
  }

  /** How many connections it keeps to this host. */
  dialsTo(name: string): number {
    return this.dials.filter((host) => hostOf(host) === name).length;
  }

  /** Starts a new run: a process of its own with the same identity. */
  start(): Run {
    const { ledger, random, within, memories, furnish, told } = this.#ground;
    const name = `${this.name}.${this.runs.length + 1}`;
    const clock = new PeerClock(this.#ground.clock, random);
    const logger: Logger = {
      error: (message) => ledger.check(memories.excuses(message), () => `${name} logs: ${message}`),
      warn: (message, cause) => {
        told(`${name} warns: ${message}`);
        ledger.check(!isAccusing(cause), () => `${name} accuses: ${message}`);
      },
    };
    const identity = this.#identity;
    const idempotency = memories.optionsFor(clock);
    const options: PeerOptions = { name, identity, logger, timeouts: TIMEOUTS, idempotency };
    const peer = within(clock, () => new Peer(options));
    const run = new Run(this.name, name, clock, peer);
    this.runs.push(run);
    told(`${name} starts`);
    furnish(run);
    peer.on("auth_error", (error) => {
      // Of a handshake that was cut; all else would accuse somebody.
      if (error.code !== "HANDSHAKE_FAILED") ledger.fault(`${name}: ${error.message}`);
    });
    peer.on("unit", (unit) => {
      told(`${name} meets ${unit.name}`);
      unit.once("close", (reason) => told(`${name} parts from ${unit.name}: ${reason.message}`));
    });
    const listening = ledger.wait(run, "listen()");
    void peer.listen({ host: this.name, port: 1 }).then(listening, listening);
    for (const host of this.dials) {
      const connected = ledger.wait(run, `connect(${host})`);
      peer.connect(`ws://${host}:1`, { from: this.name, clock }).then(connected, connected);
    }
    return run;
  }

  /** Leaves politely: a deploy. */
  async leave(timeout: number = FAREWELL): Promise<void> {
    const { run } = this;
    if (run === undefined) return;
    const { clock, ledger, memories, told } = this.#ground;
    told(`${run.name} leaves`);
    run.state = "leaving";
    const left = ledger.wait(run, "close()");
    const since = clock.now();
    const closed = run.peer.close({ timeout });
    if (timeout > 0) this.#ground.leaves(run);
    await closed;
    left();
    const took = clock.now() - since;
    ledger.check(took < timeout * 1.01 + GOODBYE, () => `${run.name} took ${took} ms to leave`);
    run.state = "left";
    told(`${run.name} has left`);
    this.#nobodyLeft(run);
    if (memories.lingers > 0) clock.after(memories.lingers, () => this.#noTimersLeft(run));
    else this.#noTimersLeft(run);
  }

  /** The process is gone from one moment to the next. */
  kill(): void {
    const { last } = this;
    if (last === undefined || this.empty) return;
    this.#ground.told(`${last.name} is killed`);
    last.state = "killed";
    last.clock.stop();
  }

  #noTimersLeft({ name, clock }: Run): void {
    const { timers } = clock;
    this.#ground.ledger.check(timers === 0, () => `${name} leaves ${timers} timers behind`);
  }

  #nobodyLeft({ name, peer }: Run): void {
    const { ledger } = this.#ground;
    ledger.check(peer.units.length === 0, () => `${name} leaves ${peer.units.length} units behind`);
    for (const destination of peer.destinations) {
      ledger.check(!destination.ready, () => `${name} still sees ${destination.name}`);
    }
  }
}

// First, as it takes the machine away from what is loaded after it.
import "./seams.ts";
import {
  type IdempotencyClaim,
  type IdempotencyOptions,
  type IdempotencyStore,
  MemoryIdempotencyStore,
} from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import type { Owner } from "./ledger.ts";
import type { PeerClock } from "./peer-clock.ts";
import type { Random } from "./random.ts";

/** How units remember what they have answered: each for itself, in one memory, or in a database far away. */
type Kind = "own" | "one" | "far";

/** Milliseconds to the database, and back. */
const WAY = 15;

/** Where units remember what they have answered to requests with a key. */
export class Memories {
  readonly kind: Kind;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #failing: number;
  readonly #lease: number;
  readonly #wait: number | undefined;
  readonly #one: MemoryIdempotencyStore;

  /** @param lossless - whether nothing happens that may lose a request */
  constructor(clock: Clock, random: Random, lossless: boolean) {
    this.kind = random.weighted({ own: 3, one: 1, far: 3 });
    this.#clock = clock;
    this.#random = random;
    this.#failing = lossless ? 0 : (random.pick([0, 0.1]) ?? 0);
    this.#lease = random.pick([60, 30_000]) ?? 30_000;
    this.#wait = lossless ? undefined : random.pick([undefined, 100]);
    this.#one = new MemoryIdempotencyStore({}, clock);
  }

  /** Milliseconds after which all are told of what a handler has said. */
  get delay(): number {
    return this.kind === "far" ? 2 * WAY : 0;
  }

  /** Milliseconds for which a peer that has left may still renew what it owes. */
  get lingers(): number {
    return this.kind === "own" ? 0 : 1000;
  }

  /** As a process has it. */
  optionsFor(process: PeerClock): IdempotencyOptions {
    return { store: this.#storeFor(process), lease: this.#lease, wait: this.#wait };
  }

  /** Whether what an error in the log says is the database's fault. */
  excuses(message: string): boolean {
    if (this.kind !== "far" || this.#failing === 0) return false;
    return message.startsWith("the idempotency store failed") || message.includes("lost its claim");
  }

  /**
   * Whether what one run executes is surely known to another one.
   *
   * @param after - milliseconds since it began
   */
  isShared(by: Owner, to: Owner, after: number): boolean {
    if (this.kind === "own") return by === to;
    // A claim outlives its owner, or one whose renewals fail, by a lease.
    const held = after < this.#lease - this.delay;
    return held || !(by.killed || this.#failing > 0);
  }

  #storeFor(process: PeerClock): IdempotencyStore | undefined {
    if (this.kind === "own") return undefined;
    return this.kind === "one" ? this.#one : this.#far(process);
  }

  #far(process: PeerClock): IdempotencyStore {
    const one = this.#one;
    return {
      begin: (...claim) => this.#reach(process, () => untold(one.begin(...claim))),
      renew: (...claim) => this.#reach(process, () => one.renew(...claim)),
      finish: (...kept) => this.#reach(process, () => one.finish(...kept)),
      abandon: (...claim) => this.#reach(process, () => one.abandon(...claim)),
    };
  }

  /** What has left a process is done, also when that is dead by then. */
  async #reach<Told>(process: PeerClock, act: () => Told): Promise<Told> {
    const [there, back] = [this.#random.between(0, WAY), this.#random.between(0, WAY)];
    const [before, behind] = [this.#fails(), this.#fails()];
    await new Promise<void>((resolve) => void this.#clock.after(there, resolve));
    const done = before ? undefined : { told: act() };
    await process.sleep(back);
    if (done === undefined || behind) throw new Error("the database is down");
    return done.told;
  }

  #fails(): boolean {
    return this.#random.chance(this.#failing / 2);
  }
}

/** From afar nobody hears when a claim is settled: who waits has to ask again. */
const untold = (claim: IdempotencyClaim): IdempotencyClaim =>
  claim.state === "pending" ? { state: "pending", fingerprint: claim.fingerprint } : claim;

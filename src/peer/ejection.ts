import { provider } from "#crypto";
import type { Clock } from "../async/clock.ts";
import type { TroupeError } from "../errors.ts";
import { randomFractions } from "./balance-random.ts";
import type { EjectionRules } from "./ejection-options.ts";
import { TrackRecord, type Verdict, verdictOf } from "./ejection-record.ts";
import type { Rotation } from "./rotation.ts";

/** The longest time for which an item is set aside, in milliseconds, unless its first one is longer. */
const LONGEST = 60_000;
/** By how much that time differs by chance, so that not everybody tries at the same moment. */
const JITTER = 0.1;

const fraction = randomFractions(provider);

type Failure = Exclude<Verdict, "works" | "nothing">;

/** Who hears what is decided; when it does, it has happened. */
export interface EjectionWatcher<T> {
  /** @param wait - milliseconds until it may be tried */
  ejected(item: T, error: TroupeError, wait: number): void;
  restored(item: T): void;
}

/**
 * Sets items aside that fail, and takes them back once a call that tries them again goes well. What is
 * known is kept of those only that have failed: where nothing fails, this does nothing. There is no
 * timer: that it is time for a trial matters when somebody calls.
 *
 * Failures in a row and the trial by one call are Finagle's failure accrual; the bound on how many are
 * set aside, and that all are used when all fail, are Envoy's outlier detection.
 */
export class Ejection<T> {
  readonly #items: Rotation<T>;
  readonly #clock: Clock;
  readonly #watcher: EjectionWatcher<T>;
  readonly #random: () => number;
  readonly #records = new Map<T, TrackRecord>();
  #rules: EjectionRules | undefined;
  /** When the first of those set aside may be tried. */
  #soonest = Number.POSITIVE_INFINITY;

  /** @param random - uniform in [0, 1) */
  constructor(
    items: Rotation<T>,
    rules: EjectionRules | undefined,
    clock: Clock,
    watcher: EjectionWatcher<T>,
    random: () => number = fraction,
  ) {
    this.#items = items;
    this.#rules = rules;
    this.#clock = clock;
    this.#watcher = watcher;
    this.#random = random;
  }

  /** What holds from now on; `undefined` to set nobody aside. */
  configure(rules: EjectionRules | undefined): void {
    this.#rules = rules;
    const back = this.#takeBackAbove(this.#most);
    if (rules === undefined) this.#records.clear();
    this.#tell(back);
  }

  /**
   * What became of a call.
   *
   * @param sentAt - when it left
   * @param error - `undefined` for an answer
   */
  outcome(item: T, sentAt: number, error: TroupeError | undefined): void {
    // All there is to do as long as nothing fails.
    if (error === undefined && this.#records.size === 0) return;
    if (this.#rules === undefined || !this.#items.has(item)) return;
    const verdict = verdictOf(error);
    if (error === undefined || verdict === "works") this.#worked(item, sentAt);
    else if (verdict !== "nothing") this.#failed(item, sentAt, error, verdict);
  }

  /** One that is set aside and may be tried by a call; {@link trying} must be told if it is. */
  due(): T | undefined {
    if (this.#items.aside.size === 0 || this.#clock.now() < this.#soonest) return undefined;
    return this.#first();
  }

  /** A call leaves for one that was due. Whatever becomes of it, the next trial has its own time. */
  trying(item: T): void {
    const record = this.#records.get(item);
    if (record === undefined) return;
    record.triedAt = Math.min(record.triedAt, this.#clock.now());
    this.#wait(record);
    this.#schedule();
  }

  /** It has left the rotation. */
  left(item: T): void {
    this.#records.delete(item);
    this.#tell(this.#takeBackAbove(this.#most));
  }

  /** How many may be set aside at once. */
  get #most(): number {
    if (this.#rules === undefined) return 0;
    const { size } = this.#items;
    // A product like 0.29 * 100 is a little too small.
    return Math.max(0, Math.min(Math.floor(size * this.#rules.share + 1e-9), size - 1));
  }

  #worked(item: T, sentAt: number): void {
    const record = this.#records.get(item);
    if (record === undefined) return;
    if (this.#items.aside.has(item)) {
      if (sentAt < record.triedAt) return;
      record.forgive();
      // What the trial itself has doubled.
      record.doubled--;
      this.#takeBack(item, record);
      this.#tell([item]);
      return;
    }
    record.worked();
    const since = this.#clock.now() - record.backAt;
    if (record.clean && since >= this.#timeOf(record)) this.#records.delete(item);
  }

  #failed(item: T, sentAt: number, error: TroupeError, verdict: Failure): void {
    const record = this.#recordOf(item);
    const now = this.#clock.now();
    if (this.#items.aside.has(item)) {
      if (sentAt < record.triedAt) return;
      record.due = now + this.#jittered(this.#timeOf(record, record.doubled - 1));
      this.#schedule();
      return;
    }
    // It was set aside for these already.
    if (sentAt < record.backAt) return;
    if (verdict === "refuses") {
      record.refused(now);
    } else {
      // All that was out when a connection was lost is one failure, however much it was.
      if (verdict === "lost" && sentAt <= record.lostAt) return;
      if (verdict === "lost") record.lostAt = now;
      record.failed();
    }
    if (this.#isBad(item)) this.#eject(item, record, error);
  }

  #eject(item: T, record: TrackRecord, error: TroupeError): void {
    // When all are bad it is not for them to be, or there is no choice: who was set aside helps as well.
    if (this.#items.items.every((other) => this.#isBad(other))) {
      this.#tell(this.#takeBackAbove(0));
      return;
    }
    if (this.#items.aside.size >= this.#most) return;
    this.#items.setAside(item);
    record.triedAt = Number.POSITIVE_INFINITY;
    const wait = this.#wait(record);
    this.#schedule();
    this.#watcher.ejected(item, error, wait);
  }

  #isBad(item: T): boolean {
    const failures = this.#rules?.failures ?? Number.POSITIVE_INFINITY;
    return this.#records.get(item)?.isBad(failures) ?? false;
  }

  #recordOf(item: T): TrackRecord {
    let record = this.#records.get(item);
    if (record === undefined) {
      record = new TrackRecord();
      this.#records.set(item, record);
    }
    return record;
  }

  /** Sets the time of its next trial, and doubles that of the one after. */
  #wait(record: TrackRecord): number {
    const wait = this.#jittered(this.#timeOf(record));
    record.due = this.#clock.now() + wait;
    record.doubled++;
    return wait;
  }

  #timeOf(record: TrackRecord, doubled: number = record.doubled): number {
    const time = this.#rules?.time ?? 0;
    return Math.min(time * 2 ** Math.min(doubled, 30), Math.max(time, LONGEST));
  }

  #jittered(time: number): number {
    return time * (1 - JITTER + 2 * JITTER * this.#random());
  }

  /** Of those set aside the one that may be tried first. */
  #first(): T | undefined {
    let first: T | undefined;
    let soonest = Number.POSITIVE_INFINITY;
    for (const item of this.#items.aside) {
      const due = this.#records.get(item)?.due ?? soonest;
      if (first !== undefined && due >= soonest) continue;
      first = item;
      soonest = due;
    }
    return first;
  }

  #schedule(): void {
    const first = this.#first();
    const record = first === undefined ? undefined : this.#records.get(first);
    this.#soonest = record?.due ?? Number.POSITIVE_INFINITY;
  }

  /** @returns those that are taken back so that no more than `most` are set aside */
  #takeBackAbove(most: number): T[] {
    const back: T[] = [];
    while (this.#items.aside.size > most) {
      const item = this.#first();
      if (item === undefined) break;
      this.#takeBack(item, this.#recordOf(item));
      back.push(item);
    }
    return back;
  }

  #takeBack(item: T, record: TrackRecord): void {
    record.backAt = this.#clock.now();
    record.due = Number.POSITIVE_INFINITY;
    this.#items.takeBack(item);
    this.#schedule();
  }

  #tell(restored: readonly T[]): void {
    for (const item of restored) this.#watcher.restored(item);
  }
}

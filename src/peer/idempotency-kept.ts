import { Holder, Holders } from "./idempotency-holders.ts";
import { Line, type Link } from "./idempotency-line.ts";
import type { IdempotentRequest } from "./idempotency-store.ts";

/** An answer that is kept. */
export class Kept {
  readonly key: string;
  /** For whom: the id of a unit. */
  readonly caller: string;
  readonly fingerprint: string;
  readonly answer: Uint8Array;
  /** When its time is over. */
  readonly due: number;
  /** What it takes, in bytes. */
  readonly size: number;
  /** @internal All that follows belongs to {@link KeptAnswers}. */
  number = 0;
  /** @internal */
  holder: Holder<Kept> | undefined;
  /** @internal Where it stands among all. */
  turn: Link<Kept> | undefined;
  /** @internal And among those of its caller. */
  place: Link<Kept> | undefined;

  constructor(
    { key, caller, fingerprint }: IdempotentRequest,
    answer: Uint8Array,
    due: number,
    size: number,
  ) {
    this.key = key;
    this.caller = caller;
    this.fingerprint = fingerprint;
    this.answer = answer;
    this.due = due;
    this.size = size;
  }
}

/**
 * Answers by their keys, by their age and by their callers. When there are more than there may be, the
 * oldest of whoever holds most has to go: with n callers that is nobody who has no more than an nth of
 * the answers and of the bytes.
 */
export class KeptAnswers {
  readonly #most: number;
  readonly #bytes: number;
  readonly #byKey = new Map<string, Kept>();
  readonly #byAge = new Line<Kept>();
  readonly #byCaller = new Map<string, Holder<Kept>>();
  readonly #holders = new Holders<Kept>();
  #number = 0;
  #size = 0;

  /**
   * @param most - how many there may be
   * @param bytes - and how large in all
   */
  constructor(most: number, bytes: number) {
    this.#most = most;
    this.#bytes = bytes;
  }

  /** How many there are. */
  get count(): number {
    return this.#byKey.size;
  }

  /** The one that came first. */
  get oldest(): Kept | undefined {
    return this.#byAge.first;
  }

  /** The one that has to go next, as long as there are too many. */
  get excess(): Kept | undefined {
    if (this.#byKey.size <= this.#most && this.#size <= this.#bytes) return undefined;
    return this.#holders.first?.line.first;
  }

  get(key: string): Kept | undefined {
    return this.#byKey.get(key);
  }

  /** Keeps one, unless it is too large to be kept beside nothing else; its key must be new. */
  add(kept: Kept): void {
    if (kept.size > this.#bytes) return;
    const holder = this.#holderOf(kept.caller);
    kept.number = this.#number++;
    kept.holder = holder;
    kept.turn = this.#byAge.append(kept);
    kept.place = holder.line.append(kept);
    this.#byKey.set(kept.key, kept);
    this.#weigh(holder, 1, kept.size);
  }

  /** Takes out one that is in here. */
  remove(kept: Kept): void {
    const { holder, turn, place } = kept;
    if (holder === undefined || turn === undefined || place === undefined) return;
    this.#byKey.delete(kept.key);
    this.#byAge.remove(turn);
    holder.line.remove(place);
    this.#weigh(holder, -1, -kept.size);
  }

  #holderOf(caller: string): Holder<Kept> {
    const known = this.#byCaller.get(caller);
    if (known !== undefined) return known;
    const holder = new Holder<Kept>(caller);
    this.#byCaller.set(caller, holder);
    this.#holders.add(holder);
    return holder;
  }

  #weigh(holder: Holder<Kept>, count: 1 | -1, bytes: number): void {
    this.#size += bytes;
    holder.count += count;
    holder.bytes += bytes;
    holder.load = Math.max(holder.count / this.#most, holder.bytes / this.#bytes);
    if (holder.count > 0) {
      this.#holders.move(holder);
      return;
    }
    this.#byCaller.delete(holder.caller);
    this.#holders.remove(holder);
  }
}

import { type Clock, systemClock } from "../async/clock.ts";
import { type Deferred, defer } from "../async/deferred.ts";
import { badArgument } from "../errors.ts";
import { Kept, KeptAnswers } from "./idempotency-kept.ts";
import { Line, type Link } from "./idempotency-line.ts";
import type { IdempotencyClaim, IdempotencyStore, IdempotentRequest } from "./idempotency-store.ts";

/** How much a {@link MemoryIdempotencyStore} keeps. */
export interface MemoryIdempotencyOptions {
  /** Answers kept at most. Default 10,000. */
  readonly answers?: number | undefined;
  /** Bytes of them and their keys. Default 16 MiB. */
  readonly bytes?: number | undefined;
}

/** What an entry takes beside its texts and bytes, roughly. */
const OVERHEAD = 640;

/** A request that somebody executes. */
interface Claimed {
  readonly key: string;
  readonly fingerprint: string;
  readonly token: string;
  readonly due: number;
  readonly settled: Deferred<void>;
}

/**
 * Answers in memory: gone with the process, and bounded. What is forgotten ahead of its time is
 * executed again when it is repeated. There is no timer: what is over is forgotten when others come.
 *
 * When it is full, whoever holds most loses the oldest of its answers. So with n callers nobody loses one
 * to others who has no more than an nth of the answers and of the bytes.
 *
 * @example
 * ```ts
 * import { MemoryIdempotencyStore, Peer } from "troupe";
 *
 * const store = new MemoryIdempotencyStore({ answers: 100_000, bytes: 64 * 1024 * 1024 });
 * await using peer = new Peer({ idempotency: { store, ttl: 60_000 } });
 * ```
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #clock: Clock;
  readonly #claims = new Map<string, Link<Claimed>>();
  /** In the order in which they were claimed or renewed. */
  readonly #claimed = new Line<Claimed>();
  readonly #kept: KeptAnswers;

  /** @throws TroupeError `BAD_ARGUMENT` unless both are integers above 0 */
  constructor(options?: MemoryIdempotencyOptions);
  /** @internal */
  constructor(options: MemoryIdempotencyOptions, clock: Clock);
  constructor(options: MemoryIdempotencyOptions = {}, clock: Clock = systemClock) {
    const answers = checkCount("answers", options.answers ?? 10_000);
    const bytes = checkCount("bytes", options.bytes ?? 16 * 1024 * 1024);
    this.#kept = new KeptAnswers(answers, bytes);
    this.#clock = clock;
  }

  /** Answers that are kept, some of which may be over their time. */
  get size(): number {
    return this.#kept.count;
  }

  begin(request: IdempotentRequest, lease: number): IdempotencyClaim {
    this.#forget();
    const kept = this.#answerTo(request.key);
    if (kept !== undefined)
      return { state: "answer", fingerprint: kept.fingerprint, answer: kept.answer };
    const claimed = this.#claimOf(request.key);
    if (claimed !== undefined) {
      const { fingerprint, settled } = claimed;
      return { state: "pending", fingerprint, settled: settled.promise };
    }
    this.#claim(request, lease);
    return { state: "first" };
  }

  renew(request: IdempotentRequest, lease: number): void {
    if (this.#isOpenTo(request)) this.#claim(request, lease);
  }

  finish(request: IdempotentRequest, answer: Uint8Array, ttl: number): boolean {
    if (!this.#isOpenTo(request)) return false;
    const { key, fingerprint } = request;
    const size = OVERHEAD + 2 * (key.length + fingerprint.length) + answer.length;
    this.#kept.add(new Kept(request, answer, this.#clock.now() + ttl, size));
    this.#release(key);
    this.#forget();
    return true;
  }

  abandon({ key, token }: IdempotentRequest): void {
    if (this.#claims.get(key)?.value.token === token) this.#release(key);
  }

  /** Whether nobody else has claimed the key, nor answered it. */
  #isOpenTo({ key, token }: IdempotentRequest): boolean {
    const claimed = this.#claimOf(key);
    if (claimed !== undefined) return claimed.token === token;
    return this.#answerTo(key) === undefined;
  }

  #answerTo(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.due > this.#clock.now()) return kept;
    this.#kept.remove(kept);
    return undefined;
  }

  #claimOf(key: string): Claimed | undefined {
    const claimed = this.#claims.get(key)?.value;
    if (claimed === undefined || claimed.due > this.#clock.now()) return claimed;
    this.#release(key);
    return undefined;
  }

  /** Claims a key that is open, or claims it for longer. */
  #claim({ key, fingerprint, token }: IdempotentRequest, lease: number): void {
    const settled = this.#take(key)?.settled ?? defer();
    const due = this.#clock.now() + lease;
    this.#claims.set(key, this.#claimed.append({ key, fingerprint, token, due, settled }));
  }

  #release(key: string): void {
    this.#take(key)?.settled.resolve();
  }

  #take(key: string): Claimed | undefined {
    const link = this.#claims.get(key);
    if (link === undefined) return undefined;
    this.#claims.delete(key);
    this.#claimed.remove(link);
    return link.value;
  }

  #forget(): void {
    const now = this.#clock.now();
    const isOver = ({ due }: { due: number }): boolean => due <= now;
    for (let next = this.#claimed.first; next !== undefined && isOver(next); ) {
      this.#release(next.key);
      next = this.#claimed.first;
    }
    for (let next = this.#kept.oldest; next !== undefined && isOver(next); ) {
      this.#kept.remove(next);
      next = this.#kept.oldest;
    }
    for (let next = this.#kept.excess; next !== undefined; next = this.#kept.excess)
      this.#kept.remove(next);
  }
}

/** @throws TroupeError `BAD_ARGUMENT` unless it is an integer above 0 */
export function checkCount(what: string, count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw badArgument(`${what} must be an integer above 0, not ${String(count)}`);
}

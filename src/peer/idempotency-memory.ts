import { type Clock, systemClock } from "../async/clock.ts";
import { type Deferred, defer } from "../async/deferred.ts";
import { badArgument } from "../errors.ts";
import type { IdempotencyClaim, IdempotencyStore } from "./idempotency-store.ts";

/** How much a {@link MemoryIdempotencyStore} keeps. */
export interface MemoryIdempotencyOptions {
  /** Answers kept at most; the oldest are forgotten first. Default 10,000. */
  readonly answers?: number | undefined;
  /** Bytes of them and their keys. Default 16 MiB. */
  readonly bytes?: number | undefined;
}

/** What an entry takes beside its texts and bytes, roughly. */
const OVERHEAD = 128;

interface Claimed {
  readonly fingerprint: string;
  readonly due: number;
  readonly settled: Deferred<void>;
}

interface Kept {
  readonly fingerprint: string;
  readonly due: number;
  readonly answer: Uint8Array;
  readonly size: number;
}

/**
 * Answers in memory: gone with the process, and bounded. What is forgotten ahead of its time is
 * executed again when it is repeated. There is no timer: what is over is forgotten when others come.
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
  readonly #answers: number;
  readonly #bytes: number;
  readonly #clock: Clock;
  /** Both in the order in which they came, which is that of their time being over. */
  readonly #claimed = new Map<string, Claimed>();
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  /** @throws TroupeError `BAD_ARGUMENT` unless both are integers above 0 */
  constructor(options?: MemoryIdempotencyOptions);
  /** @internal */
  constructor(options: MemoryIdempotencyOptions, clock: Clock);
  constructor(options: MemoryIdempotencyOptions = {}, clock: Clock = systemClock) {
    this.#answers = checkCount("answers", options.answers ?? 10_000);
    this.#bytes = checkCount("bytes", options.bytes ?? 16 * 1024 * 1024);
    this.#clock = clock;
  }

  /** Answers that are kept, some of which may be over their time. */
  get size(): number {
    return this.#kept.size;
  }

  begin(key: string, fingerprint: string, ttl: number): IdempotencyClaim {
    this.#forget();
    const kept = this.#kept.get(key);
    if (kept !== undefined)
      return { state: "answer", fingerprint: kept.fingerprint, answer: kept.answer };
    const claimed = this.#claimed.get(key);
    if (claimed !== undefined) {
      const { settled } = claimed;
      return { state: "pending", fingerprint: claimed.fingerprint, settled: settled.promise };
    }
    const due = this.#clock.now() + ttl;
    this.#claimed.set(key, { fingerprint, due, settled: defer() });
    return { state: "first" };
  }

  finish(key: string, fingerprint: string, answer: Uint8Array, ttl: number): void {
    const size = OVERHEAD + 2 * (key.length + fingerprint.length) + answer.length;
    this.#drop(key);
    this.#kept.set(key, { fingerprint, due: this.#clock.now() + ttl, answer, size });
    this.#size += size;
    this.#release(key);
    this.#forget();
  }

  abandon(key: string): void {
    this.#release(key);
  }

  #release(key: string): void {
    const claimed = this.#claimed.get(key);
    this.#claimed.delete(key);
    claimed?.settled.resolve();
  }

  #drop(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [key, { due }] of this.#claimed) {
      if (due > now) break;
      this.#release(key);
    }
    for (const [key, { due }] of this.#kept) {
      const full = this.#kept.size > this.#answers || this.#size > this.#bytes;
      if (due > now && !full) break;
      this.#drop(key);
    }
  }
}

function checkCount(what: string, count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw badArgument(`${what} must be an integer above 0, not ${String(count)}`);
}

import type { Watcher } from "../../src/connection/awaiting.ts";
import type { IncomingRequest } from "../../src/connection/connection.ts";
import { remoteError } from "../../src/connection/remote-code.ts";
import { decodePayload, encodePayload, type Payload } from "../../src/frame/payload.ts";
import type { Metadata, Name } from "../../src/frame/type.ts";
import { Idempotency } from "../../src/peer/idempotency.ts";
import { IDEMPOTENCY_KEY } from "../../src/peer/idempotency-key.ts";
import { MemoryIdempotencyStore } from "../../src/peer/idempotency-memory.ts";
import type {
  IdempotencyClaim,
  IdempotencyOptions,
  IdempotencyStore,
  IdempotentRequest,
} from "../../src/peer/idempotency-store.ts";
import type { KeyedRequest } from "../../src/peer/keyed-request.ts";
import { Log } from "../support/mesh.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A request as it comes in, and what it was answered. */
class Asked implements IncomingRequest {
  readonly name: Name = { role: "bank", event: "withdraw" };
  readonly metadata: Metadata;
  readonly payload: Payload;
  readonly arrived = 0;
  readonly timeLeft = undefined;
  readonly signal: AbortSignal = new AbortController().signal;
  watcher: Watcher | undefined;
  /** Data and errors, as its caller sees them. */
  readonly told: unknown[] = [];

  constructor(key: string, data: unknown) {
    this.metadata = { [IDEMPOTENCY_KEY]: key, trace: "t" };
    this.payload = encodePayload(data);
  }

  answer(payload: Payload): void {
    this.told.push(decodePayload(payload));
  }

  reject(code: string, message: string, details: Payload): void {
    this.told.push(remoteError(code, message, details));
  }
}

/** A request as a store sees it; the same `number` is the same attempt. */
export const requestOf = (key: string, caller = "ann", number = 0): IdempotentRequest => ({
  key: `${caller} ${key}`,
  caller,
  fingerprint: "f",
  token: `t${number}`,
});

/** A memory of keys, and what is executed. */
export class Bench {
  readonly clock: VirtualClock;
  readonly log: Log = new Log();
  readonly idempotency: Idempotency;
  /** Those that were executed, in order. */
  readonly runs: KeyedRequest[] = [];
  /** What each is answered before anything else happens, if it is. */
  atOnce: unknown;
  /** Places that are held while the store is asked. */
  held = 0;

  constructor(options: IdempotencyOptions = {}, clock: VirtualClock = new VirtualClock()) {
    this.clock = clock;
    this.idempotency = new Idempotency(options, this.log, clock);
  }

  ask(key = "k", data: unknown = 1, caller = "ann"): Asked {
    const asked = new Asked(key, data);
    this.idempotency.serve(caller, asked, {
      hold: () => {
        this.held++;
        return () => {
          this.held--;
        };
      },
      run: (first) => {
        this.runs.push(first);
        if (this.atOnce !== undefined) this.answer(this.atOnce);
      },
    });
    return asked;
  }

  /** The last one that was executed is answered. */
  answer(data: unknown): void {
    this.runs.at(-1)?.answer(encodePayload(data));
  }

  fail(code: string): void {
    this.runs.at(-1)?.reject(code, "no", encodePayload({ seats: 0 }));
  }
}

/** A store that answers a turn later, and may not tell when a claim is settled, or fail. */
class LateStore implements IdempotencyStore {
  readonly #memory: MemoryIdempotencyStore;
  readonly asked: string[] = [];
  tells = true;
  fault: Error | undefined;

  constructor(clock: VirtualClock) {
    this.#memory = new MemoryIdempotencyStore({}, clock);
  }

  async begin(request: IdempotentRequest, lease: number): Promise<IdempotencyClaim> {
    await this.#ask("begin");
    const claim = this.#memory.begin(request, lease);
    return claim.state === "pending" && !this.tells ? { ...claim, settled: undefined } : claim;
  }

  async renew(request: IdempotentRequest, lease: number): Promise<void> {
    await this.#ask("renew");
    this.#memory.renew(request, lease);
  }

  async finish(request: IdempotentRequest, answer: Uint8Array, ttl: number): Promise<boolean> {
    await this.#ask("finish");
    return this.#memory.finish(request, answer, ttl);
  }

  async abandon(request: IdempotentRequest): Promise<void> {
    await this.#ask("abandon");
    this.#memory.abandon(request);
  }

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    await Promise.resolve();
    if (this.fault !== undefined) throw this.fault;
  }
}

/** Milliseconds that a claim of {@link sharing} lasts, unless a test says otherwise. */
export const LEASE = 30_000;

/**
 * Two units that share a store.
 *
 * @param clockOfOne - of the first one: if it stands still, so does the unit
 */
export function sharing(
  options: Omit<IdempotencyOptions, "store"> = {},
  clockOfOne?: VirtualClock,
): {
  clock: VirtualClock;
  store: LateStore;
  one: Bench;
  other: Bench;
} {
  const clock = new VirtualClock();
  const store = new LateStore(clock);
  const all = { lease: LEASE, ...options, store };
  return { clock, store, one: new Bench(all, clockOfOne ?? clock), other: new Bench(all, clock) };
}

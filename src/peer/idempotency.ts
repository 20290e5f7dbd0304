import { provider } from "#crypto";
import type { Clock } from "../async/clock.ts";
import { toHex } from "../bytes/bytes.ts";
import type { IncomingRequest } from "../connection/connection.ts";
import { badArgument, messageOf, shown, TroupeError } from "../errors.ts";
import { isPromise } from "./chain.ts";
import { refuseUnstarted } from "./dispatch-error.ts";
import { fingerprint } from "./fingerprint.ts";
import { IDEMPOTENCY_KEY, isIdempotencyKey } from "./idempotency-key.ts";
import { Leases } from "./idempotency-leases.ts";
import { checkCount, MemoryIdempotencyStore } from "./idempotency-memory.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "./idempotency-record.ts";
import type {
  IdempotencyClaim,
  IdempotencyOptions,
  IdempotencyStore,
} from "./idempotency-store.ts";
import { KeyedRequest } from "./keyed-request.ts";
import type { Logger } from "./options.ts";

const DEFAULT_TTL = 600_000;
const DEFAULT_LEASE = 600_000;
const DEFAULT_WAIT = 5000;
const DEFAULT_PENDING = 4096;
/** Of what makes tokens differ between units. */
const TOKEN_BYTES = 16;
/** Milliseconds until a store that does not tell is asked again whether another unit has finished. */
const FIRST_POLL = 20;
const LONGEST_POLL = 500;

/**
 * Failures that say of themselves that nothing was done: the next request with the key shall be
 * executed.
 */
const NOT_EXECUTED: ReadonlySet<string> = new Set([
  "NO_EVENT",
  "NO_ROLE",
  "NOT_ALLOWED",
  "OVERLOADED",
  "ROLE_DISABLED",
]);

/** What is to be done for a request. */
export interface Handling {
  /** Keeps a place for its handlers while the store is asked; returns what gives it back. */
  hold(): () => void;
  /** Runs its handlers. */
  run(first: KeyedRequest): void;
}

/** Executes requests that carry a key once, and answers their repeats with what the first was answered. */
export class Idempotency {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #ttl: number;
  readonly #lease: number;
  readonly #wait: number;
  readonly #pending: number;
  #store: IdempotencyStore | undefined;
  /** Not for a store of its own: nobody else could claim what it executes. */
  readonly #leases: Leases<KeyedRequest> | undefined;
  #unit: string | undefined;
  #tokens = 0;
  /** Those of this peer that have no answer yet, or whose answer is on its way to the store. */
  readonly #running = new Map<string, KeyedRequest>();
  /** How many of those are whose. */
  readonly #owed = new Map<string, number>();

  /** @throws TroupeError `BAD_ARGUMENT` for options that cannot be */
  constructor(options: IdempotencyOptions, logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#ttl = checkTime("ttl", options.ttl ?? DEFAULT_TTL);
    this.#lease = checkTime("lease", options.lease ?? DEFAULT_LEASE);
    this.#wait = checkTime("wait", options.wait ?? DEFAULT_WAIT);
    this.#pending = checkCount("idempotency.pending", options.pending ?? DEFAULT_PENDING);
    this.#store = options.store;
    if (options.store !== undefined)
      this.#leases = new Leases(clock, this.#lease, (first) => this.#renew(first));
  }

  /**
   * Takes in a request with a key.
   *
   * @param caller - the id of the unit it is from
   * @param handling - what to do with it, should it be the first
   */
  serve(caller: string, request: IncomingRequest, handling: Handling): void {
    const key = request.metadata?.[IDEMPOTENCY_KEY];
    if (!isIdempotencyKey(key)) {
      refuseUnstarted(request, badArgument("an idempotency key has 1 to 256 characters"));
      return;
    }
    const { role, event } = request.name;
    const id = JSON.stringify([caller, role, event, key]);
    const print = fingerprint(request.payload);
    const running = this.#running.get(id);
    if (running !== undefined) {
      if (running.known.fingerprint === print) running.join(request);
      else refuseUnstarted(request, otherData(key));
      return;
    }
    const owed = this.#owed.get(caller) ?? 0;
    if (owed >= this.#pending) {
      refuseUnstarted(request, tooMany(owed));
      return;
    }
    const known = { key: id, caller, fingerprint: print, token: this.#token() };
    const first = new KeyedRequest(request, key, known, {
      settled: (outcome) => this.#settled(first, outcome),
      deserted: () => this.#leave(first),
    });
    this.#owed.set(caller, owed + 1);
    this.#running.set(id, first);
    const until = this.#clock.now() + this.#wait;
    this.#begin(first, handling, until, FIRST_POLL);
  }

  /** Asks the store whether this is the first one of its key. */
  #begin(first: KeyedRequest, handling: Handling, until: number, poll: number): void {
    const decide = (claim: IdempotencyClaim): void =>
      this.#decide(claim, first, handling, until, poll);
    const failed = (thrown: unknown): void => {
      this.#failed("asked", first, thrown);
      const text = `the idempotency store of this unit failed: ${messageOf(thrown)}`;
      this.#refuse(first, new TroupeError("NOT_DELIVERED", text));
    };
    let claim: IdempotencyClaim | PromiseLike<IdempotencyClaim>;
    try {
      claim = this.#kept.begin(first.known, this.#lease);
    } catch (thrown) {
      failed(thrown);
      return;
    }
    // Without a promise in between, and so in the order in which requests came.
    if (!isPromise(claim)) {
      decide(claim);
      return;
    }
    const release = handling.hold();
    claim.then(
      (told) => {
        release();
        decide(told);
      },
      (thrown: unknown) => {
        release();
        failed(thrown);
      },
    );
  }

  #decide(
    claim: IdempotencyClaim,
    first: KeyedRequest,
    handling: Handling,
    until: number,
    poll: number,
  ): void {
    if (claim.state === "first") {
      this.#execute(first, handling);
    } else if (claim.fingerprint !== first.known.fingerprint) {
      this.#refuse(first, otherData(first.idempotencyKey));
    } else if (claim.state === "answer") {
      this.#replay(first, claim.answer);
    } else if (!first.deserted) {
      this.#waitFor(claim.settled, first, handling, until, poll);
    }
  }

  #execute(first: KeyedRequest, handling: Handling): void {
    if (first.deserted) {
      this.#abandon(first);
      return;
    }
    first.start((keyed) => handling.run(keyed));
    if (!first.settled) this.#leases?.add(first);
  }

  /** Another unit has claimed the key: it may answer yet. */
  #waitFor(
    settled: PromiseLike<void> | undefined,
    first: KeyedRequest,
    handling: Handling,
    until: number,
    poll: number,
  ): void {
    const left = until - this.#clock.now();
    if (left <= 0) {
      const text = `another unit was asked before and has not answered: it may have executed ${shown(first.idempotencyKey)} or not`;
      this.#refuse(first, new TroupeError("OUTCOME_UNKNOWN", text));
      return;
    }
    const again = (): void => {
      if (first.timer !== timer) return;
      timer.cancel();
      first.timer = undefined;
      this.#begin(first, handling, until, Math.min(2 * poll, LONGEST_POLL));
    };
    const time = settled === undefined ? Math.min(poll, left) : left;
    const timer = this.#clock.after(time, again, true);
    first.timer = timer;
    void settled?.then(again, again);
  }

  /** It has its answer: keeps it, unless it says that nothing was done. */
  #settled(first: KeyedRequest, outcome: Outcome): void {
    this.#leases?.remove(first);
    if (outcome.code !== undefined && NOT_EXECUTED.has(outcome.code)) {
      this.#abandon(first);
      return;
    }
    const finish = (): boolean | PromiseLike<boolean> =>
      this.#kept.finish(first.known, encodeOutcome(outcome), this.#ttl);
    this.#tell(first, finish, (held) => {
      this.#leave(first);
      if (held === false) this.#lost(first);
    });
  }

  #abandon(first: KeyedRequest): void {
    const abandon = (): void | PromiseLike<void> => this.#kept.abandon(first.known);
    this.#tell(first, abandon, () => this.#leave(first));
  }

  #renew(first: KeyedRequest): void {
    this.#tell(
      first,
      () => this.#kept.renew(first.known, this.#lease),
      () => {},
    );
  }

  /**
   * Tells the store; those who come before it has heard find the request still here.
   *
   * @param heard - with `undefined` when it has failed
   */
  #tell<T>(
    first: KeyedRequest,
    tell: () => T | PromiseLike<T>,
    heard: (told: T | undefined) => void,
  ): void {
    const failed = (thrown: unknown): void => {
      heard(undefined);
      this.#failed("told", first, thrown);
    };
    try {
      const told = tell();
      if (isPromise(told)) told.then(heard, failed);
      else heard(told);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** It is remembered here no longer, but by the store. */
  #leave(first: KeyedRequest): void {
    first.timer?.cancel();
    first.timer = undefined;
    const { key, caller } = first.known;
    // Another one may have come under its key when all its callers had gone.
    if (this.#running.get(key) !== first) return;
    this.#running.delete(key);
    const owed = (this.#owed.get(caller) ?? 0) - 1;
    if (owed > 0) this.#owed.set(caller, owed);
    else this.#owed.delete(caller);
  }

  #replay(first: KeyedRequest, record: Uint8Array): void {
    this.#leave(first);
    try {
      first.replay(decodeOutcome(record));
    } catch (thrown) {
      this.#failed("asked", first, thrown);
      const text = "it was executed before, but what was answered cannot be read";
      first.refuse(new TroupeError("OUTCOME_UNKNOWN", text));
    }
  }

  #refuse(first: KeyedRequest, error: TroupeError): void {
    this.#leave(first);
    first.refuse(error);
  }

  /** Its claim was forgotten while it was executed: it took no part in what the store knows now. */
  #lost({ name }: KeyedRequest): void {
    const request = shown(`${name.role}/${name.event}`);
    this.#logger.error(
      `request ${request} lost its claim in the idempotency store before it was answered: another unit may have executed it, too`,
    );
  }

  #failed(what: string, { name }: KeyedRequest, thrown: unknown): void {
    const request = shown(`${name.role}/${name.event}`);
    this.#logger.error(
      `the idempotency store failed when it was ${what} of request ${request}: ${messageOf(thrown)}`,
      thrown,
    );
  }

  #token(): string {
    this.#unit ??= toHex(provider.randomBytes(TOKEN_BYTES));
    return `${this.#unit}.${this.#tokens++}`;
  }

  /** Made for the first key: most peers never see one. */
  get #kept(): IdempotencyStore {
    this.#store ??= new MemoryIdempotencyStore({}, this.#clock);
    return this.#store;
  }
}

const otherData = (key: string): TroupeError =>
  badArgument(
    `idempotencyKey ${shown(key)} was used before with other data: take a new key for each request`,
  );

const tooMany = (owed: number): TroupeError =>
  new TroupeError(
    "OVERLOADED",
    `this caller has ${owed} requests with an idempotencyKey here that are not answered yet`,
  );

function checkTime(what: string, ms: number): number {
  if (typeof ms === "number" && ms > 0) return ms;
  throw badArgument(`idempotency.${what} must be a number of milliseconds above 0`);
}

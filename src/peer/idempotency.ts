import type { Clock } from "../async/clock.ts";
import type { IncomingRequest } from "../connection/connection.ts";
import { badArgument, messageOf, shown, TroupeError } from "../errors.ts";
import { isPromise } from "./chain.ts";
import { refuseUnstarted } from "./dispatch-error.ts";
import { fingerprint } from "./fingerprint.ts";
import { IDEMPOTENCY_KEY, isIdempotencyKey } from "./idempotency-key.ts";
import { MemoryIdempotencyStore } from "./idempotency-memory.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "./idempotency-record.ts";
import type {
  IdempotencyClaim,
  IdempotencyOptions,
  IdempotencyStore,
} from "./idempotency-store.ts";
import { KeyedRequest } from "./keyed-request.ts";
import type { Logger } from "./options.ts";

const DEFAULT_TTL = 600_000;
const DEFAULT_WAIT = 5000;
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
  readonly #wait: number;
  #store: IdempotencyStore | undefined;
  /** Those of this peer that have no answer yet, or whose answer is on its way to the store. */
  readonly #running = new Map<string, KeyedRequest>();

  /** @throws TroupeError `BAD_ARGUMENT` for options that cannot be */
  constructor(options: IdempotencyOptions, logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#ttl = checkTime("ttl", options.ttl ?? DEFAULT_TTL);
    this.#wait = checkTime("wait", options.wait ?? DEFAULT_WAIT);
    this.#store = options.store;
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
      if (running.fingerprint === print) running.join(request);
      else refuseUnstarted(request, otherData(key));
      return;
    }
    const first = new KeyedRequest(request, id, key, print, {
      settled: (outcome) => this.#settled(first, outcome),
      deserted: () => this.#running.delete(id),
    });
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
      claim = this.#kept.begin(first.id, first.fingerprint, this.#ttl);
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
      if (first.deserted) this.#abandon(first);
      else first.start((keyed) => handling.run(keyed));
    } else if (claim.fingerprint !== first.fingerprint) {
      this.#refuse(first, otherData(first.idempotencyKey));
    } else if (claim.state === "answer") {
      this.#replay(first, claim.answer);
    } else if (!first.deserted) {
      this.#waitFor(claim.settled, first, handling, until, poll);
    }
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
    let asked = false;
    const again = (): void => {
      if (asked || first.deserted) return;
      asked = true;
      timer.cancel();
      this.#begin(first, handling, until, Math.min(2 * poll, LONGEST_POLL));
    };
    const time = settled === undefined ? Math.min(poll, left) : left;
    const timer = this.#clock.after(time, again, true);
    void settled?.then(again, again);
  }

  /** It has its answer: keeps it, unless it says that nothing was done. */
  #settled(first: KeyedRequest, outcome: Outcome): void {
    if (outcome.code !== undefined && NOT_EXECUTED.has(outcome.code)) {
      this.#abandon(first);
      return;
    }
    const { id, fingerprint: print } = first;
    this.#tell(first, () => this.#kept.finish(id, print, encodeOutcome(outcome), this.#ttl));
  }

  #abandon(first: KeyedRequest): void {
    this.#tell(first, () => this.#kept.abandon(first.id));
  }

  /** Tells the store; those who come before it has heard find the request still here. */
  #tell(first: KeyedRequest, tell: () => void | PromiseLike<void>): void {
    const done = (): void => {
      if (this.#running.get(first.id) === first) this.#running.delete(first.id);
    };
    const failed = (thrown: unknown): void => {
      done();
      this.#failed("told", first, thrown);
    };
    try {
      const told = tell();
      if (isPromise(told)) told.then(done, failed);
      else done();
    } catch (thrown) {
      failed(thrown);
    }
  }

  #replay(first: KeyedRequest, record: Uint8Array): void {
    this.#running.delete(first.id);
    try {
      first.replay(decodeOutcome(record));
    } catch (thrown) {
      this.#failed("asked", first, thrown);
      const text = "it was executed before, but what was answered cannot be read";
      first.refuse(new TroupeError("OUTCOME_UNKNOWN", text));
    }
  }

  #refuse(first: KeyedRequest, error: TroupeError): void {
    this.#running.delete(first.id);
    first.refuse(error);
  }

  #failed(what: string, { name }: KeyedRequest, thrown: unknown): void {
    const request = shown(`${name.role}/${name.event}`);
    this.#logger.error(
      `the idempotency store failed when it was ${what} of request ${request}: ${messageOf(thrown)}`,
      thrown,
    );
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

function checkTime(what: string, ms: number): number {
  if (typeof ms === "number" && ms > 0) return ms;
  throw badArgument(`idempotency.${what} must be a number of milliseconds above 0`);
}

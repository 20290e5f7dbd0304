import type { Timer } from "../async/clock.ts";
import type { Watcher } from "../connection/awaiting.ts";
import type { IncomingRequest } from "../connection/connection.ts";
import type { TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { refuseUnstarted } from "./dispatch-error.ts";
import { withoutKey } from "./idempotency-key.ts";
import type { Outcome } from "./idempotency-record.ts";
import type { IdempotentRequest } from "./idempotency-store.ts";

/** Who remembers what became of a request. */
interface Memory {
  /** Its handlers have answered. */
  settled(outcome: Outcome): void;
  /** Nobody waits for it any more, and its handlers have not begun. */
  deserted(): void;
}

/** A request with a key: the first one of it, and those that were repeated while it was executed. */
export class KeyedRequest implements IncomingRequest {
  readonly name: Name;
  readonly metadata: Metadata;
  readonly payload: Payload;
  readonly arrived: number;
  readonly idempotencyKey: string;
  /** What the store knows of it. */
  readonly known: IdempotentRequest;
  /** Of the handler: told when the last caller has given up. */
  watcher: Watcher | undefined;
  /** While it waits for another unit. */
  timer: Timer | undefined;
  readonly #first: IncomingRequest;
  readonly #memory: Memory;
  #callers = new Set<IncomingRequest>();
  #started = false;
  #outcome: Outcome | undefined;
  #signal: AbortSignal | undefined;

  constructor(first: IncomingRequest, key: string, known: IdempotentRequest, memory: Memory) {
    this.name = first.name;
    this.metadata = withoutKey(first.metadata ?? {});
    this.payload = first.payload;
    this.arrived = first.arrived;
    this.idempotencyKey = key;
    this.known = known;
    this.#first = first;
    this.#memory = memory;
    this.join(first);
  }

  get timeLeft(): number | undefined {
    return this.#first.timeLeft;
  }

  /** Never aborts: a caller that is gone may come back for the answer. */
  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  /** Whether nobody waits for it any more, nor has it begun. */
  get deserted(): boolean {
    return !this.#started && this.#callers.size === 0;
  }

  /** Whether it has its answer. */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** The same request once more: it gets the same answer. */
  join(caller: IncomingRequest): void {
    if (this.#outcome !== undefined) {
      tell(caller, this.#outcome);
      return;
    }
    this.#callers.add(caller);
    caller.watcher = { givenUp: () => this.#leave(caller) };
  }

  /** It is the first of its key. */
  start(run: (first: KeyedRequest) => void): void {
    this.#started = true;
    run(this);
  }

  answer(payload: Payload): void {
    this.#settle({ code: undefined, payload });
  }

  reject(code: string, message: string, details: Payload): void {
    this.#settle({ code, message, payload: details });
  }

  /** It was answered before. */
  replay(outcome: Outcome): void {
    for (const caller of this.#dismiss()) tell(caller, outcome);
  }

  /** It is not executed now. */
  refuse(error: TroupeError): void {
    for (const caller of this.#dismiss()) refuseUnstarted(caller, error);
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const callers = this.#dismiss();
    this.#memory.settled(outcome);
    for (const caller of callers) tell(caller, outcome);
  }

  #dismiss(): Set<IncomingRequest> {
    const callers = this.#callers;
    this.#callers = new Set();
    for (const caller of callers) caller.watcher = undefined;
    return callers;
  }

  #leave(caller: IncomingRequest): void {
    this.#callers.delete(caller);
    if (this.#callers.size > 0) return;
    if (this.#started) this.watcher?.givenUp();
    else this.#memory.deserted();
  }
}

function tell(caller: IncomingRequest, outcome: Outcome): void {
  const { code, payload } = outcome;
  if (code === undefined) caller.answer(payload);
  else caller.reject(code, outcome.message, payload);
}

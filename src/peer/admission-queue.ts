import type { Awaiting } from "../connection/awaiting.ts";

/** A call that waits for its turn. */
export class WaitingCall {
  /** @internal The calls before and after it; both belong to {@link WaitingCalls}. */
  before: WaitingCall | undefined;
  /** @internal */
  after: WaitingCall | undefined;
  /** Who waits for its answer; of a message nobody does. */
  readonly caller: Awaiting | undefined;
  /** Whether it waits for the event loop, too, and not only for a place among those that run. */
  readonly paced: boolean;
  /** Its turn has come. */
  readonly start: () => void;
  /** Its turn would come too late; `retryAfter` as callers are told, or `undefined` when it never comes. */
  readonly refuse: (retryAfter: number | undefined) => void;

  constructor(
    caller: Awaiting | undefined,
    paced: boolean,
    start: () => void,
    refuse: (retryAfter: number | undefined) => void,
  ) {
    this.caller = caller;
    this.paced = paced;
    this.start = start;
    this.refuse = refuse;
  }
}

/** Calls in the order in which they came. One that nobody waits for any more leaves from the middle. */
export class WaitingCalls {
  #first: WaitingCall | undefined;
  #last: WaitingCall | undefined;
  #size = 0;
  #unpaced = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many of them wait for a place alone. */
  get unpaced(): number {
    return this.#unpaced;
  }

  /** The one that came first. */
  get first(): WaitingCall | undefined {
    return this.#first;
  }

  append(call: WaitingCall): void {
    call.before = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.after = call;
    this.#last = call;
    this.#count(call, 1);
  }

  /** Takes out a call that is in here. */
  remove(call: WaitingCall): void {
    if (call.before === undefined) this.#first = call.after;
    else call.before.after = call.after;
    if (call.after === undefined) this.#last = call.before;
    else call.after.before = call.before;
    call.before = undefined;
    call.after = undefined;
    this.#count(call, -1);
  }

  #count(call: WaitingCall, by: 1 | -1): void {
    this.#size += by;
    if (!call.paced) this.#unpaced += by;
  }
}

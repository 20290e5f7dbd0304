/** A request with an `idempotencyKey`, as stores know it. None of the texts contains a space but `key`. */
export interface IdempotentRequest {
  /** Made of the caller's id, the role, the event and its own key: nobody reads another's answer. */
  readonly key: string;
  /** The id of the unit that it is from, for stores that bound what each may take. */
  readonly caller: string;
  /** Of its data: the same key with another one is another request. */
  readonly fingerprint: string;
  /** Of this attempt to execute it, and of no other one. */
  readonly token: string;
}

/**
 * What is known of a key when a request with it comes:
 *
 * - `"first"`: nothing was; now it is claimed for the unit that has asked.
 * - `"pending"`: another has claimed it and owes the answer. `settled` resolves when it has finished or
 *   abandoned it; without that the store is asked again after a while.
 * - `"answer"`: what was kept.
 */
export type IdempotencyClaim =
  | {
      /** Nobody had this key before. */
      readonly state: "first";
    }
  | {
      /** Somebody has the key, and no answer yet. */
      readonly state: "pending";
      /** As it was given to `begin` by whoever has claimed the key. */
      readonly fingerprint: string;
      /** Resolves when it is worth asking again; it does not reject. */
      readonly settled?: PromiseLike<void> | undefined;
    }
  | {
      /** There is an answer. */
      readonly state: "answer";
      /** As it was given to `begin` by whoever has claimed the key. */
      readonly fingerprint: string;
      /** As it was given to `finish`. */
      readonly answer: Uint8Array;
    };

/**
 * Where units keep the answers to requests with an `idempotencyKey`. Units that share one execute no
 * request twice between them, as long as none of them dies or stands still meanwhile. What it does with a
 * key must be atomic, as `SET ... NX` and scripts of Redis or statements of a database are. All methods may
 * answer at once or later.
 *
 * A claim is a lease: it lasts for a time, and is renewed after a third of it for as long as the request is
 * executed. A unit that dies meanwhile leaves it behind, and nobody knows how far it got. Until the claim is
 * forgotten, repeats are refused with `OUTCOME_UNKNOWN`; the next one after that is executed.
 *
 * @example
 * ```ts
 * import { type IdempotencyStore, MemoryIdempotencyStore, Peer } from "troupe";
 *
 * const store: IdempotencyStore = new MemoryIdempotencyStore();
 * await using ann = new Peer({ idempotency: { store } });
 * await using ben = new Peer({ idempotency: { store } }); // of the same process
 * ```
 */
export interface IdempotencyStore {
  /**
   * Claims a key for the request's token, or tells what is known of it.
   *
   * @param lease - milliseconds after which the claim is forgotten, unless it is renewed
   */
  begin(
    request: IdempotentRequest,
    lease: number,
  ): IdempotencyClaim | PromiseLike<IdempotencyClaim>;
  /**
   * Makes the claim of this token last for `lease` milliseconds from now. One that was forgotten is made
   * anew if there is neither a claim nor an answer since; else nothing happens.
   */
  renew(request: IdempotentRequest, lease: number): void | PromiseLike<void>;
  /**
   * Keeps the answer in the place of this token's claim, or where neither a claim nor an answer is. What
   * somebody else has put there since stays.
   *
   * @param answer - bytes that only the library reads
   * @param ttl - milliseconds after which it is forgotten
   * @returns `false` when there was something of somebody else's: the request may have been executed twice
   */
  finish(
    request: IdempotentRequest,
    answer: Uint8Array,
    ttl: number,
  ): boolean | PromiseLike<boolean>;
  /**
   * Gives up the claim of this token, if it still is there: the request was not executed, and the next one
   * with this key is the first.
   */
  abandon(request: IdempotentRequest): void | PromiseLike<void>;
}

/** How a peer remembers what it has answered to requests with an `idempotencyKey`. */
export interface IdempotencyOptions {
  /** Where answers are kept. Default a {@link MemoryIdempotencyStore} of the peer's own. */
  readonly store?: IdempotencyStore | undefined;
  /** Milliseconds for which an answer is kept. Default 600,000. */
  readonly ttl?: number | undefined;
  /**
   * Milliseconds that a claim in the `store` outlives a unit that dies, or that stands still: until then
   * repeats are refused with `OUTCOME_UNKNOWN`, and after it the next one is executed, though nobody knows
   * how far the first one got. Default 600,000.
   */
  readonly lease?: number | undefined;
  /**
   * Milliseconds that a repeat waits for the answer that another unit owes, before it is refused with
   * `OUTCOME_UNKNOWN`. Default 5,000.
   */
  readonly wait?: number | undefined;
  /**
   * Requests with a key that one caller, known by its `id`, may have here without an answer; more are
   * refused as `OVERLOADED`. Default 4,096.
   */
  readonly pending?: number | undefined;
}

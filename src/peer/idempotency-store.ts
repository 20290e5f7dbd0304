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
 * request twice between them; then `begin` must be atomic, as `SET ... NX` of Redis or a unique column
 * of a database is. All methods may answer at once or later.
 *
 * A unit that dies while it executes a request leaves its claim behind, and nobody knows how far it
 * got. Until the claim is forgotten, repeats are refused with `OUTCOME_UNKNOWN`.
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
   * Claims a key, or tells what is known of it.
   *
   * @param key - of the caller's id, the role, the event and its own key: nobody reads another's answer
   * @param fingerprint - of the request's data
   * @param ttl - milliseconds after which the claim is forgotten
   */
  begin(
    key: string,
    fingerprint: string,
    ttl: number,
  ): IdempotencyClaim | PromiseLike<IdempotencyClaim>;
  /**
   * Keeps the answer to a key that was claimed by `begin`.
   *
   * @param answer - bytes that only the library reads
   * @param ttl - milliseconds after which it is forgotten
   */
  finish(
    key: string,
    fingerprint: string,
    answer: Uint8Array,
    ttl: number,
  ): void | PromiseLike<void>;
  /** Gives up a claim: the request was not executed, and the next one with this key is the first. */
  abandon(key: string): void | PromiseLike<void>;
}

/** How a peer remembers what it has answered to requests with an `idempotencyKey`. */
export interface IdempotencyOptions {
  /** Where answers are kept. Default a {@link MemoryIdempotencyStore} of the peer's own. */
  readonly store?: IdempotencyStore | undefined;
  /** Milliseconds for which an answer is kept. Default 600,000. */
  readonly ttl?: number | undefined;
  /**
   * Milliseconds that a repeat waits for the answer that another unit owes, before it is refused with
   * `OUTCOME_UNKNOWN`. Default 5,000.
   */
  readonly wait?: number | undefined;
}

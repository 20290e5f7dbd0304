import { concat } from "../bytes/bytes.ts";
import type { Aead, CryptoProvider, MaybePromise, Sealed } from "../crypto/provider.ts";
import { broken, TroupeError } from "../errors.ts";
import { derive } from "./key-schedule.ts";
import { KEY_BYTES, REKEY_BYTES, REKEY_RECORDS } from "./suite.ts";

/** Bytes by which a sealed record is longer than its plaintext: the tag. */
export const SEAL_BYTES = 16;

/** When a direction's key is replaced. Both sides count alike; only tests use other numbers. */
export interface RekeyRule {
  readonly records: number;
  readonly bytes: number;
}

const RULE: RekeyRule = { records: REKEY_RECORDS, bytes: REKEY_BYTES };

/** The key of one direction and its counter. A counter is used once: it is bound when it is handed out. */
class DirectionKey {
  readonly #crypto: CryptoProvider;
  readonly #rule: RekeyRule;
  #key: Uint8Array;
  #aead: Aead;
  #records = 0;
  #bytes = 0;

  constructor(crypto: CryptoProvider, key: Uint8Array, rule: RekeyRule) {
    this.#crypto = crypto;
    this.#rule = rule;
    this.#key = key;
    this.#aead = crypto.aead(key);
  }

  /** Runs `use` with the current key and counter for a record of `bytes`; both are spent even if it throws. */
  next<T>(bytes: number, use: (aead: Aead, counter: number) => T): T {
    const aead = this.#aead;
    const counter = this.#records++;
    this.#bytes += bytes;
    if (this.#records >= this.#rule.records || this.#bytes >= this.#rule.bytes) this.#replace();
    return use(aead, counter);
  }

  #replace(): void {
    this.#key = derive(this.#crypto, this.#key, "rekey");
    this.#aead = this.#crypto.aead(this.#key);
    this.#records = 0;
    this.#bytes = 0;
  }
}

/** What is left of a handshake: the two directions of a session. */
export class RecordLayer {
  readonly #out: DirectionKey;
  readonly #in: DirectionKey;

  constructor(
    crypto: CryptoProvider,
    outKey: Uint8Array,
    inKey: Uint8Array,
    rule: RekeyRule = RULE,
  ) {
    // In one buffer: each buffer costs more memory than the keys in it, and there may be many sessions.
    const keys = concat(outKey, inKey);
    this.#out = new DirectionKey(crypto, keys.subarray(0, KEY_BYTES), rule);
    this.#in = new DirectionKey(crypto, keys.subarray(KEY_BYTES), rule);
  }

  /**
   * Seals the next record. Records must leave in the order in which they were given here, whenever
   * their results come. A failure ends the session: its counter is spent.
   */
  seal(plaintext: Uint8Array): MaybePromise<Sealed> {
    return this.#out.next(plaintext.length, (aead, counter) => aead.seal(counter, plaintext));
  }

  /**
   * Opens the next record. Must be called in the order of arrival; a failure ends the session.
   *
   * @throws TroupeError `PROTOCOL` (or rejects with it) for anything but the very next record
   */
  open(sealed: Uint8Array): MaybePromise<Uint8Array> {
    if (sealed.length < SEAL_BYTES) throw broken("a record shorter than its seal");
    try {
      const opened = this.#in.next(sealed.length - SEAL_BYTES, (aead, counter) =>
        aead.open(counter, sealed),
      );
      return opened instanceof Promise ? opened.catch(refuse) : opened;
    } catch (thrown) {
      return refuse(thrown);
    }
  }
}

function refuse(thrown: unknown): never {
  throw new TroupeError("PROTOCOL", "a record was changed, repeated or lost on its way", {
    cause: thrown,
  });
}

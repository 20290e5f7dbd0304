import { concat } from "../bytes/bytes.ts";
import { encodeText } from "../bytes/text.ts";
import type { CryptoProvider } from "../crypto/provider.ts";

/** Goes before every label, so that no hash of ours is one of another protocol. */
const PROTOCOL = "troupe monte/2 ";

/** H: BLAKE2b-256 over a distinct label and length-prefixed fields. */
function hash(crypto: CryptoProvider, label: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return crypto.blake2b256(encodeFields(label, fields));
}

/** KDF: the same, keyed. Each use has a label of its own. */
export function derive(
  crypto: CryptoProvider,
  key: Uint8Array,
  label: string,
  ...fields: readonly Uint8Array[]
): Uint8Array {
  return crypto.blake2b256(encodeFields(label, fields), key);
}

/** Label and fields, each behind its length in two bytes, big-endian: no two lists give the same bytes. */
export function encodeFields(label: string, fields: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of [encodeText(PROTOCOL + label), ...fields]) {
    parts.push(Uint8Array.of(field.length >>> 8, field.length & 0xff), field);
  }
  return concat(...parts);
}

/**
 * Everything both sides have said so far, as one hash. Keys come from it, so whoever saw or changed
 * a message differently has different keys from then on.
 */
export class Transcript {
  readonly #crypto: CryptoProvider;
  #hash: Uint8Array;

  constructor(crypto: CryptoProvider, m1: Uint8Array, m2: Uint8Array) {
    this.#crypto = crypto;
    this.#hash = hash(crypto, "transcript", m1, m2);
  }

  /** th: 32 bytes. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** Takes in the plaintext of the next message. */
  add(plaintext: Uint8Array): void {
    this.#hash = hash(this.#crypto, "transcript", this.#hash, plaintext);
  }
}

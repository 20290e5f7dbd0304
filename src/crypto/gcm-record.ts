import type { Sealed } from "./provider.ts";

/** Bytes of an AES-256 key. */
export const KEY_BYTES = 32;
/** Bytes of a GCM nonce. */
export const NONCE_BYTES = 12;
/** Bytes of the tag behind every ciphertext. */
export const TAG_BYTES = 16;

/**
 * Writes the nonce of a record: the counter as 64 bits, big-endian, and four bytes that stay zero.
 *
 * @param nonce - 12 bytes, of which the last four are zero
 * @throws Error when the counter is not an integer from 0 to 2^53 - 1: two records that end up with
 *   one nonce would lay the key open
 */
export function putNonce(nonce: Uint8Array, counter: number): void {
  if (!Number.isSafeInteger(counter) || counter < 0)
    throw new Error(`no record counter: ${counter}`);
  const high = Math.floor(counter / 0x1_0000_0000);
  nonce[0] = high >>> 24;
  nonce[1] = high >>> 16;
  nonce[2] = high >>> 8;
  nonce[3] = high;
  nonce[4] = counter >>> 24;
  nonce[5] = counter >>> 16;
  nonce[6] = counter >>> 8;
  nonce[7] = counter;
}

/** A nonce of its own, for those who answer later. */
export function nonceOf(counter: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(NONCE_BYTES);
  putNonce(nonce, counter);
  return nonce;
}

/** The two parts of what a library gives in one piece, as views of it. */
export function detached(sealed: Uint8Array): Sealed {
  const end = sealed.length - TAG_BYTES;
  return { ciphertext: sealed.subarray(0, end), tag: sealed.subarray(end) };
}

/** What every provider throws for a record that is not what was sealed; it says no more than that. */
export const notAuthentic = (options?: ErrorOptions): Error =>
  new Error("the record is not authentic: its key, its counter or its bytes are others", options);

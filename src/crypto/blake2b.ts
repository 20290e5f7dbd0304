import { blake2b } from "@noble/hashes/blake2.js";

/**
 * BLAKE2b with a 32-byte result (RFC 7693). In Node, too, where OpenSSL has only the 64-byte variant.
 *
 * @param key - 1 to 64 bytes
 */
export function blake2b256(message: Uint8Array, key?: Uint8Array): Uint8Array {
  return blake2b(message, key === undefined ? { dkLen: 32 } : { dkLen: 32, key });
}

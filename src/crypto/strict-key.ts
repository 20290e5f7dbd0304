import { toHex } from "../bytes/bytes.ts";

/** Bytes of an Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;
/** Bytes of an Ed25519 signature: R, then S. */
export const SIGNATURE_BYTES = 64;

/**
 * The y coordinates of the eight points whose order divides the cofactor, little-endian: two of
 * order 4, the neutral one, the one of order 2, and four of order 8. Whatever the sign of x.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/**
 * Whether 32 bytes may be an Ed25519 public key: y is below the field prime (RFC 8032, section
 * 5.1.3) and the point is not of small order, under which a signature can be valid for any message.
 * OpenSSL checks neither, so each provider asks here first. Whether the point is on the curve is
 * left to the provider.
 */
export function isStrictKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return isBelowPrime(y) && !SMALL_ORDER_Y.has(toHex(y));
}

/** y < 2^255 - 19, whose little-endian bytes are ed ff .. ff 7f. */
function isBelowPrime(y: Uint8Array): boolean {
  if (y[31] !== 0x7f) return true;
  for (let i = 30; i > 0; i--) if (y[i] !== 0xff) return true;
  return (y[0] ?? 0) < 0xed;
}

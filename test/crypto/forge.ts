import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";

/*
 * Signatures that nobody makes in good faith, from points and scalars of our choice. Every one here
 * fulfils the verification equation multiplied by the cofactor; some fulfil it only then.
 */

const Point: typeof ed25519.Point = ed25519.Point;
export type CurvePoint = InstanceType<typeof Point>;
export const ORDER: bigint = Point.Fn.ORDER;
export const PRIME: bigint = Point.Fp.ORDER;

/** A point of order 8; its multiples are all points of small order. */
const GENERATOR = Point.fromHex(ED25519_TORSION_SUBGROUP[3] ?? "");
export const TORSION: readonly CurvePoint[] = Array.from({ length: 8 }, (_, i) =>
  GENERATOR.multiplyUnsafe(BigInt(i)),
);

/** The neutral element, and one each of order 2, 4 and 8. */
export const torsion = (multiple: number): CurvePoint => TORSION[multiple & 7] ?? Point.ZERO;

/** y as 32 bytes, little-endian; not reduced. */
export const encodeY = (y: bigint, signBit = false): Uint8Array =>
  numberToBytesLE(signBit ? y | (1n << 255n) : y, 32);

/** What a signature is forged from. */
export interface Forgery {
  /** The secret scalar: A = [a]B + keyTorsion. */
  readonly a: bigint;
  /** The nonce: R = [r]B + nonceTorsion. */
  readonly r: bigint;
  readonly keyTorsion?: CurvePoint;
  readonly nonceTorsion?: CurvePoint;
  /** Instead of A's own encoding. */
  readonly keyBytes?: Uint8Array;
  /** Instead of R's own encoding. */
  readonly nonceBytes?: Uint8Array;
}

export interface Forged {
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
  readonly publicKey: Uint8Array;
  /** The challenge modulo 8: [k]A's part of small order is [k mod 8]keyTorsion. */
  readonly k8: number;
}

/** Signs `message` with S = r + ka. */
export function forge(forgery: Forgery, message: Uint8Array): Forged {
  const { a, r, keyTorsion = Point.ZERO, nonceTorsion = Point.ZERO } = forgery;
  const publicKey = forgery.keyBytes ?? times(a).add(keyTorsion).toBytes();
  const nonce = forgery.nonceBytes ?? times(r).add(nonceTorsion).toBytes();
  const k = Point.Fn.create(bytesToNumberLE(sha512(Buffer.concat([nonce, publicKey, message]))));
  const s = Point.Fn.create(r + k * a);
  const signature = Uint8Array.from(Buffer.concat([nonce, numberToBytesLE(s, 32)]));
  return { signature, message, publicKey, k8: Number(k % 8n) };
}

/** The first message, counting from 0, whose challenge is as wanted. */
export function forgeWhere(forgery: Forgery, wanted: (k8: number) => boolean): Forged {
  for (let i = 0; i < 1000; i++) {
    const forged = forge(forgery, Uint8Array.of(i >> 8, i & 0xff));
    if (wanted(forged.k8)) return forged;
  }
  throw new Error("no such challenge in a thousand messages");
}

/** Whether the equation holds when multiplied by the cofactor, with ZIP 215's lenient encodings. */
export const holdsWithCofactor = ({ signature, message, publicKey }: Forged): boolean =>
  ed25519.verify(signature, message, publicKey, { zip215: true });

const times = (scalar: bigint): CurvePoint => Point.BASE.multiplyUnsafe(scalar);

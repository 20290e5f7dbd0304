import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, EMPTY } from "../bytes/bytes.ts";
import { putVarint, varintLength } from "../bytes/varint.ts";
import { exactly } from "./exactly.ts";
import type { PakeInput, PakeStep } from "./provider.ts";

/*
 * CPace-RISTR255-SHA512 in the initiator-responder setting, as in draft-irtf-cfrg-cpace, whose names
 * the functions bear. Two sides that share a password get the same key; a side that does not know it
 * learns one bit: whether its one guess was right. Proving the key to each other is left to the caller.
 */

/** The group's element as the library represents it. */
type Element = InstanceType<typeof ristretto255.Point>;

const Scalar = ristretto255.Point.Fn;

const encoder = new TextEncoder();
const DSI = encoder.encode("CPaceRistretto255");
const DSI_ISK = encoder.encode("CPaceRistretto255_ISK");
/** Input block size of SHA-512: H.s_in_bytes. */
const HASH_BLOCK_BYTES = 128;
/** An encoded element. */
const SHARE_BYTES = 32;
/** Twice a scalar's size, so that reducing it leaves no measurable bias (RFC 9380, section 5). */
const UNIFORM_BYTES = 64;

/** ADa and ADb: sent in the clear and authenticated by the exchange. A session sends none. */
export interface AssociatedData {
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

const NO_DATA: AssociatedData = { initiator: EMPTY, responder: EMPTY };

/**
 * Starts one side of an exchange.
 *
 * @param uniform - 64 uniformly random bytes, never used before
 */
export function startCpace(input: PakeInput, uniform: Uint8Array): PakeStep {
  exactly(UNIFORM_BYTES, uniform, "CPace randomness");
  return cpaceWithScalar(input, Scalar.create(bytesToNumberLE(uniform)));
}

/**
 * {@link startCpace} with a scalar that is already reduced, as the draft's test vectors have it.
 *
 * @param scalar - 1 to the group order - 1
 * @throws RangeError when it is not
 */
export function cpaceWithScalar(
  input: PakeInput,
  scalar: bigint,
  data: AssociatedData = NO_DATA,
): PakeStep {
  const share = cpaceGenerator(input).multiply(scalar).toBytes();
  return {
    share,
    finish(theirs: Uint8Array): Uint8Array {
      const secret = scalarMultVfy(scalar, theirs);
      const [ya, yb] = input.side === "initiator" ? [share, theirs] : [theirs, share];
      const transcript = lvCat(ya, data.initiator, yb, data.responder);
      return sha512(concat(lvCat(DSI_ISK, input.sessionId, secret), transcript));
    },
  };
}

/** G.calculate_generator: an element whose relation to any other nobody knows. */
export function cpaceGenerator(input: PakeInput): Element {
  const element = ristretto255_hasher.deriveToCurve?.(sha512(generatorString(input)));
  if (element === undefined) throw new Error("@noble/curves lacks element derivation (RFC 9496)");
  return element;
}

/**
 * The password is padded to the end of the first block, so that hashing it takes a time of its own,
 * whatever its length and whatever follows.
 */
function generatorString({ password, channel, sessionId }: PakeInput): Uint8Array {
  const taken = prefixedLength(DSI) + prefixedLength(password) + 1;
  const padding = new Uint8Array(Math.max(0, HASH_BLOCK_BYTES - taken));
  return lvCat(DSI, password, padding, channel, sessionId);
}

/**
 * K of their share.
 *
 * @throws Error where the draft's function gives G.I, upon which a side must abort
 */
export function scalarMultVfy(scalar: bigint, theirs: Uint8Array): Uint8Array {
  exactly(SHARE_BYTES, theirs, "CPace share");
  const element = decodeShare(theirs);
  // The order of the group is prime: a product is neutral only when the element is.
  if (element.is0()) throw new Error("CPace share: the neutral element");
  return element.multiply(scalar).toBytes();
}

function decodeShare(share: Uint8Array): Element {
  try {
    return ristretto255.Point.fromBytes(share);
  } catch (error) {
    throw new Error("CPace share: not the encoding of a group element", { cause: error });
  }
}

/** lv_cat: each part behind its length in LEB128. */
function lvCat(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(varintLength(part.length));
  putVarint(encoded, 0, part.length);
  return encoded;
}

const prefixedLength = (part: Uint8Array): number => varintLength(part.length) + part.length;

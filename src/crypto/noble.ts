import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "../bytes/bytes.ts";
import { blake2b256 } from "./blake2b.ts";
import { startCpace } from "./cpace.ts";
import { exactly } from "./exactly.ts";
import { detached, KEY_BYTES, nonceOf, notAuthentic } from "./gcm-record.ts";
import type { Aead, Agreement, CryptoProvider, Sealed, Signer } from "./provider.ts";
import { isStrictKey, SIGNATURE_BYTES } from "./strict-key.ts";

const { Point } = ed25519;

/** What one call of getRandomValues gives at most (Web Cryptography, section 10.1.1). */
const RANDOM_QUOTA = 65_536;

/** {@link CryptoProvider} in plain JavaScript, synchronous in everything: runs everywhere. */
export const noble: CryptoProvider = {
  randomBytes,
  blake2b256,
  agreement,
  signer,
  verify,
  aead: (key) => new NobleAead(key),
  preparePake: () => Promise.resolve(),
  pake: startCpace,
};

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_QUOTA) {
    globalThis.crypto.getRandomValues(bytes.subarray(at, at + RANDOM_QUOTA));
  }
  return bytes;
}

function agreement(secret: Uint8Array): Agreement {
  exactly(32, secret, "X25519 secret");
  const own = Uint8Array.from(secret);
  return {
    publicKey: x25519.getPublicKey(own),
    agree(theirs: Uint8Array): Uint8Array {
      exactly(32, theirs, "X25519 point");
      try {
        return x25519.getSharedSecret(own, theirs);
      } catch (error) {
        throw new Error("X25519: their point gives an all-zero secret", { cause: error });
      }
    },
  };
}

function signer(seed: Uint8Array): Signer {
  exactly(32, seed, "Ed25519 seed");
  const own = Uint8Array.from(seed);
  return {
    publicKey: ed25519.getPublicKey(own),
    sign: (message) => ed25519.sign(message, own),
  };
}

/**
 * Not the library's own `verify`, which multiplies the equation by the cofactor and so takes
 * signatures that OpenSSL refuses.
 */
function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isStrictKey(publicKey)) return false;
  const key = decodePoint(publicKey);
  const s = bytesToNumberLE(signature.subarray(32));
  if (key === undefined || s >= Point.Fn.ORDER) return false;
  const r = signature.subarray(0, 32);
  const k = Point.Fn.create(bytesToNumberLE(sha512(concat(r, publicKey, message))));
  // [S]B - [k]A, as bytes: an R that is not canonical, or off by a point of small order, is another.
  return equal(Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k)).toBytes(), r);
}

function decodePoint(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

class NobleAead implements Aead {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    exactly(KEY_BYTES, key, "AES-256-GCM key");
    this.#key = key;
  }

  seal(counter: number, plaintext: Uint8Array): Sealed {
    return detached(gcm(this.#key, nonceOf(counter)).encrypt(plaintext));
  }

  open(counter: number, sealed: Uint8Array): Uint8Array {
    const cipher = gcm(this.#key, nonceOf(counter));
    try {
      return cipher.decrypt(sealed);
    } catch (error) {
      throw notAuthentic({ cause: error });
    }
  }
}

import { diffieHellman, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { NodeAead } from "./aead.node.ts";
import { blake2b256 } from "./blake2b.ts";
import { exactly } from "./exactly.ts";
import type { Agreement, CryptoProvider, Signer } from "./provider.ts";
import { privateKeyOf, publicBytesOf, publicKeyOf } from "./raw-key.node.ts";
import { isStrictKey, SIGNATURE_BYTES } from "./strict-key.ts";

/** `#crypto` in Node: OpenSSL for all it has, 10 to 20 times faster; @noble for BLAKE2b-256 and CPace. */
export const provider: CryptoProvider = {
  randomBytes: (length) => randomBytes(length),
  blake2b256,
  agreement,
  signer,
  verify: verifyStrict,
  aead: (key) => new NodeAead(key),
  preparePake,
  pake: (input, scalar) => {
    if (startCpace === undefined) throw new Error("preparePake() has not been awaited");
    return startCpace(input, scalar);
  },
};

let startCpace: CryptoProvider["pake"] | undefined;

async function preparePake(): Promise<void> {
  ({ startCpace } = await import("./cpace.ts"));
}

function agreement(secret: Uint8Array): Agreement {
  exactly(32, secret, "X25519 secret");
  const privateKey = privateKeyOf("X25519", secret);
  return {
    publicKey: publicBytesOf(privateKey),
    agree(theirs: Uint8Array): Uint8Array {
      exactly(32, theirs, "X25519 point");
      const publicKey = publicKeyOf("X25519", theirs);
      try {
        return diffieHellman({ privateKey, publicKey });
      } catch (error) {
        // The one thing OpenSSL refuses here.
        throw new Error("X25519: their point gives an all-zero secret", { cause: error });
      }
    },
  };
}

function signer(seed: Uint8Array): Signer {
  exactly(32, seed, "Ed25519 seed");
  const privateKey = privateKeyOf("Ed25519", seed);
  return {
    publicKey: publicBytesOf(privateKey),
    sign: (message) => sign(null, message, privateKey),
  };
}

/** OpenSSL's equation is the cofactorless one and its S is below the order; the key it does not check. */
function verifyStrict(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isStrictKey(publicKey)) return false;
  const key = publicKeyOrNone(publicKey);
  return key !== undefined && verify(null, message, key, signature);
}

/** Newer versions of OpenSSL may refuse a point that is not on the curve here, older ones when verifying. */
function publicKeyOrNone(bytes: Uint8Array): KeyObject | undefined {
  try {
    return publicKeyOf("Ed25519", bytes);
  } catch {
    return undefined;
  }
}

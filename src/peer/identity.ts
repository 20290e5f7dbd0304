import { provider } from "#crypto";
import { loadOrCreateSeed } from "#identity-file";
import { equal, fromHex } from "../bytes/bytes.ts";
import { createIdentity, type Identity, SEED_BYTES } from "../crypto/identity.ts";
import { badArgument } from "../errors.ts";
import type { KeyPair, PeerOptions } from "./options.ts";

const NETWORK_KEY_BYTES = 32;

/** Who a peer is, and whether it will be the same after a restart. */
export interface LocalIdentity {
  readonly identity: Identity;
  readonly durable: boolean;
}

/** @throws TroupeError `BAD_ARGUMENT` when it is none of the forms an identity may have */
export function resolveIdentity(given: PeerOptions["identity"]): LocalIdentity {
  if (given === undefined) return { identity: createIdentity(provider), durable: false };
  return { identity: createIdentity(provider, seedOf(given)), durable: true };
}

function seedOf(given: string | Uint8Array | KeyPair): Uint8Array {
  if (typeof given === "string")
    return loadOrCreateSeed(given, (length) => provider.randomBytes(length));
  if (given instanceof Uint8Array) return given;
  if (!(given?.secretKey instanceof Uint8Array)) {
    throw badArgument("identity must be the path of a key file, a seed of 32 bytes, or a key pair");
  }
  const seed = given.secretKey.slice(0, SEED_BYTES);
  if (!equal(createIdentity(provider, seed).publicKey, given.publicKey)) {
    throw badArgument("identity: the public key of the pair does not belong to its secret key");
  }
  return seed;
}

/** @throws TroupeError `BAD_ARGUMENT` for anything but 32 bytes: a shorter text is a password, not a key */
export function resolveNetworkKey(given: PeerOptions["networkKey"]): Uint8Array | undefined {
  if (given === undefined) return undefined;
  const key = typeof given === "string" ? fromHex(given) : given;
  if (key instanceof Uint8Array && key.length === NETWORK_KEY_BYTES) {
    // Zeros stand for no key at all; and a copy, as the caller may wipe its own.
    if (key.some((byte) => byte !== 0)) return Uint8Array.from(key);
  }
  throw badArgument(
    "networkKey must be 32 random bytes or their 64 hex digits; for a word that people choose, use addPresharedKey()",
  );
}

import { fromHex, toHex } from "../bytes/bytes.ts";
import { badArgument } from "../errors.ts";
import type { CryptoProvider, Signer } from "./provider.ts";
import { PUBLIC_KEY_BYTES } from "./strict-key.ts";

/** Bytes of the secret that an identity is made from. */
export const SEED_BYTES = 32;

/** Who a peer is: an Ed25519 key pair. Two processes may share one. */
export interface Identity extends Signer {
  /** The public key in lowercase hexadecimal, 64 characters. */
  readonly id: string;
}

/**
 * Makes an identity of a seed, or a new one.
 *
 * @param seed - 32 secret bytes; random ones by default
 * @throws TroupeError `BAD_ARGUMENT` when the seed is not 32 bytes
 */
export function createIdentity(
  provider: CryptoProvider,
  seed: Uint8Array = provider.randomBytes(SEED_BYTES),
): Identity {
  if (seed.length !== SEED_BYTES) {
    throw badArgument(`an identity's seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  }
  const signer = provider.signer(seed);
  const { publicKey } = signer;
  return { id: toHex(publicKey), publicKey, sign: (message) => signer.sign(message) };
}

/**
 * The public key that an id names.
 *
 * @throws TroupeError `BAD_ARGUMENT` when the text is not 64 hexadecimal digits
 */
export function parseId(text: string): Uint8Array {
  const publicKey = fromHex(text);
  if (publicKey?.length !== PUBLIC_KEY_BYTES) {
    throw badArgument(
      `"${text}" is no peer id: it has ${2 * PUBLIC_KEY_BYTES} hexadecimal digits, as peer.id shows them`,
    );
  }
  return publicKey;
}

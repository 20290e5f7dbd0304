/** A value now, or later where the platform only has asynchronous crypto. */
export type MaybePromise<T> = T | Promise<T>;

/** What was encrypted and, behind it on the wire, its tag; apart, so that nobody copies to join them. */
export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/** AES-256-GCM under one key. The nonce is the 64-bit big-endian counter and four zero bytes. */
export interface Aead {
  /**
   * Encrypts and authenticates. The key, the counter and the plaintext are bound when this is called:
   * the caller may write to its buffer afterwards, and results that come later may be awaited in any
   * order.
   *
   * @returns the ciphertext and its tag, in buffers the caller owns
   */
  seal(counter: number, plaintext: Uint8Array): MaybePromise<Sealed>;
  /**
   * Checks and decrypts what {@link Aead.seal} made, the tag behind the ciphertext.
   *
   * @returns the plaintext in a buffer the caller owns
   * @throws Error (or rejects) when one bit of key, counter, ciphertext or tag is another, or the tag
   *   is not there
   */
  open(counter: number, sealed: Uint8Array): MaybePromise<Uint8Array>;
}

/** An X25519 key of one handshake. */
export interface Agreement {
  /** The 32-byte point to send. */
  readonly publicKey: Uint8Array;
  /**
   * @returns the 32-byte shared secret
   * @throws Error when the result is all zero (RFC 7748, section 6.1) or the point is not 32 bytes
   */
  agree(theirs: Uint8Array): Uint8Array;
}

/** An Ed25519 key that signs. */
export interface Signer {
  /** The 32-byte public key. */
  readonly publicKey: Uint8Array;
  /** @returns the 64-byte signature (RFC 8032, no prehash). */
  sign(message: Uint8Array): Uint8Array;
}

/** One side of a CPace exchange (CPace-RISTR255-SHA512, draft-irtf-cfrg-cpace). */
export interface PakeStep {
  /** The 32-byte share to send. */
  readonly share: Uint8Array;
  /**
   * @param theirs - the other side's 32-byte share
   * @returns the 64-byte intermediate session key, the same on both sides when both knew the password
   * @throws Error when the share is not a canonical element or gives the neutral one
   */
  finish(theirs: Uint8Array): Uint8Array;
}

/** What both sides of a CPace exchange must agree on. */
export interface PakeInput {
  /** PRS: the secret, of any entropy. */
  readonly password: Uint8Array;
  /** CI: names the parties and the channel. */
  readonly channel: Uint8Array;
  /** sid: unique to this exchange. */
  readonly sessionId: Uint8Array;
  /** Which side this is: the initiator's share comes first in the transcript. */
  readonly side: "initiator" | "responder";
}

/**
 * The primitives a session needs. All providers give the same bytes and refuse the same inputs:
 * `test/crypto/` runs one suite over each. What they throw is a plain Error: only the caller knows
 * what a failure means to the user. In Node the bytes may be a Buffer, whose `slice()` does not copy.
 */
export interface CryptoProvider {
  /** Cryptographically secure random bytes. */
  randomBytes(length: number): Uint8Array;
  /** BLAKE2b with a 32-byte result (RFC 7693), keyed when `key` is given, which has 1 to 64 bytes. */
  blake2b256(message: Uint8Array, key?: Uint8Array): Uint8Array;
  /** An X25519 key pair from 32 secret bytes (RFC 7748). */
  agreement(secret: Uint8Array): Agreement;
  /** An Ed25519 signer from a 32-byte seed (RFC 8032). */
  signer(seed: Uint8Array): Signer;
  /**
   * Strict Ed25519 verification, the same on every runtime: public keys that are not canonical or of
   * small order are refused, S must be below the group order, and the cofactorless equation must give
   * exactly the bytes of R.
   *
   * @returns false for anything that is not such a signature; never throws
   */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /**
   * AES-256-GCM under a 32-byte key. The key is kept, not copied, for there are two a connection: it
   * must not be written to afterwards.
   */
  aead(key: Uint8Array): Aead;
  /**
   * Loads what {@link CryptoProvider.pake} needs, which is a megabyte of heap that a peer without
   * pre-shared keys does without. To be awaited before the first `pake`.
   */
  preparePake(): Promise<void>;
  /** Starts a CPace exchange with `scalar`, 64 uniformly random bytes that are never used again. */
  pake(input: PakeInput, scalar: Uint8Array): PakeStep;
}

/** Sizes, numbers and names of monte/2. `docs/protocol.md` says what they are for. */

/** The version this file describes: the first byte of both first messages. */
export const VERSION = 2;

/** X25519, Ed25519, BLAKE2b-256, AES-256-GCM, CPace-RISTR255-SHA512. */
export const SUITE = 1;

/** Stands in place of a suite where the first answer is a refusal. */
export const NO_SUITE = 0;

/** Bytes of a point, a key, a hash and a confirmation. */
export const KEY_BYTES = 32;

/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;

/** Most bytes of one message of the handshake. */
export const MAX_HANDSHAKE_MESSAGE = 2048;

/** Most bytes of a side's parameters. */
export const MAX_PARAMETERS = 255;

/** Most pre-shared ids a dialer offers at once; each costs it one CPace share. */
export const MAX_KEY_IDS = 8;

/** Longest pre-shared id in UTF-8 bytes. */
export const MAX_KEY_ID = 64;

/** A direction's key is replaced after so many records ... */
export const REKEY_RECORDS: number = 2 ** 20;

/** ... or so many bytes of plaintext, whichever comes first. */
export const REKEY_BYTES: number = 2 ** 36;

/** First byte of a sealed handshake message. */
export const Kind = {
  /** The end, and a refusal code. */
  refuse: 0,
  /** An identity; or an acceptance. */
  proceed: 1,
  /** The responder's half of a pre-shared key proof. */
  prove: 2,
} as const;

/** Why a side refuses, on the wire. */
export const REFUSALS = {
  1: "HANDSHAKE_FAILED",
  2: "NO_COMMON_KEY",
  3: "WRONG_KEY",
  4: "NOT_ALLOWED",
  5: "WRONG_PEER",
  6: "KEY_CHANGED",
  7: "SELF_CONNECTION",
  8: "LIMIT",
  9: "DISCONNECTED",
  10: "CANCELLED",
} as const;

/** An {@link ErrorCode} that may travel as a refusal. */
export type RefusalCode = (typeof REFUSALS)[keyof typeof REFUSALS];

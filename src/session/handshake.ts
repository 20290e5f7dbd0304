import { join } from "../bytes/bytes.ts";
import type { Reader } from "../bytes/reader.ts";
import type { Writer } from "../bytes/writer.ts";
import type { CryptoProvider, MaybePromise, Signer } from "../crypto/provider.ts";
import { type ErrorCode, TroupeError, toTroupeError } from "../errors.ts";
import { derive, encodeFields, Transcript } from "./key-schedule.ts";
import { RecordLayer, type RekeyRule } from "./record.ts";
import {
  KEY_BYTES,
  Kind,
  MAX_HANDSHAKE_MESSAGE,
  REFUSALS,
  type RefusalCode,
  SIGNATURE_BYTES,
} from "./suite.ts";

/** The side of a session: who opened the channel, and who was called. */
export type Side = "dialer" | "responder";

/** What one side brings to a handshake. */
export interface HandshakeConfig {
  readonly crypto: CryptoProvider;
  /** The identity it proves. */
  readonly signer: Signer;
  /** 32 bytes that both sides must have, or `undefined` for none. */
  readonly networkKey?: Uint8Array | undefined;
  /** Pre-shared keys by id. As soon as one side has any, both must prove a common one. */
  readonly presharedKeys: ReadonlyMap<string, Uint8Array>;
  /** Told to the other side under its eyes only, and bound to the session: at most 255 bytes. */
  readonly parameters: Uint8Array;
  /**
   * Asked once the other side has proved its identity, before it is told anything else.
   *
   * @returns why it is refused, or `undefined`
   */
  judge(identity: Uint8Array, parameters: Uint8Array): TroupeError | undefined;
  /** Secure random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** Only tests and vectors use another one. */
  readonly rekey?: RekeyRule | undefined;
}

/** What a finished handshake gives. */
export interface Established {
  /** The 32-byte public key that the other side has proved to hold. */
  readonly identity: Uint8Array;
  /** What the other side told. */
  readonly parameters: Uint8Array;
  /** The pre-shared key id both have proved, if any. */
  readonly keyId: string | undefined;
  /** Seals and opens everything from here on. */
  readonly records: RecordLayer;
}

/** What to do after an event: first send, then look at the rest. */
export interface Step {
  /** Messages to send, in order. */
  readonly send: readonly Uint8Array[];
  /** The handshake is done. */
  readonly established?: Established;
  /** The handshake has failed: send, then close. */
  readonly failure?: TroupeError;
}

/** A side of the handshake as a state machine: messages in, steps out. It has no timers. */
export interface Handshake {
  /** The first step, before anything was received. */
  start(): Step;
  /** Never throws: whatever comes, the answer is a step. */
  receive(message: Uint8Array): Step;
}

/** Runs `read`, and turns everything that is wrong with `message` into a failed step. */
export function guarded(message: Uint8Array, read: () => Step): Step {
  try {
    if (message.length > MAX_HANDSHAKE_MESSAGE)
      throw failed(`a message of ${message.length} bytes`);
    return read();
  } catch (thrown) {
    return { send: [], failure: toFailure(thrown) };
  }
}

/** The handshake cannot go on. */
export const failed = (what: string, options?: ErrorOptions): TroupeError =>
  new TroupeError("HANDSHAKE_FAILED", `handshake failed: ${what}`, options);

function toFailure(thrown: unknown): TroupeError {
  const error = toTroupeError(thrown, "HANDSHAKE_FAILED", "handshake failed");
  return error.code === "PROTOCOL" ? failed(error.message, { cause: error }) : error;
}

/** The signed bytes: who signs in which part of which exchange. */
const signedBytes = (side: Side, transcript: Uint8Array, identity: Uint8Array): Uint8Array =>
  encodeFields(`signature ${side}`, [transcript, identity]);

/** hs, the secret all keys of a session come from. */
function handshakeSecret(
  config: HandshakeConfig,
  shared: Uint8Array,
  transcript: Transcript,
): Uint8Array {
  const networkKey = config.networkKey ?? new Uint8Array(32);
  return derive(config.crypto, networkKey, "handshake secret", shared, transcript.hash);
}

/** The two directions under keys of their own for `phase`, as `side` sees them. */
function directions(
  config: HandshakeConfig,
  side: Side,
  secret: Uint8Array,
  phase: "handshake" | "traffic",
  transcript: Transcript,
): RecordLayer {
  const forth = derive(config.crypto, secret, `${phase} dialer to responder`, transcript.hash);
  const back = derive(config.crypto, secret, `${phase} responder to dialer`, transcript.hash);
  const rekey = phase === "traffic" ? config.rekey : undefined;
  return side === "dialer"
    ? new RecordLayer(config.crypto, forth, back, rekey)
    : new RecordLayer(config.crypto, back, forth, rekey);
}

/** The sealed part of a handshake, as one side holds it. */
export interface Phase {
  readonly secret: Uint8Array;
  readonly transcript: Transcript;
  readonly sealed: RecordLayer;
}

/** The other side, once it has proved its identity. */
export interface ProvenPeer {
  readonly identity: Uint8Array;
  readonly parameters: Uint8Array;
}

/** Enters the sealed part: both points are known. */
export function enterPhase(
  config: HandshakeConfig,
  side: Side,
  shared: Uint8Array,
  m1: Uint8Array,
  m2: Uint8Array,
): Phase {
  const transcript = new Transcript(config.crypto, m1, m2);
  const secret = handshakeSecret(config, shared, transcript);
  return { secret, transcript, sealed: directions(config, side, secret, "handshake", transcript) };
}

/** Identity, signature over all that was said before, parameters: how each side introduces itself. */
export function writeIdentity(
  config: HandshakeConfig,
  side: Side,
  phase: Phase,
  writer: Writer,
): void {
  const { signer, parameters } = config;
  writer.bytes(signer.publicKey);
  writer.bytes(signer.sign(signedBytes(side, phase.transcript.hash, signer.publicKey)));
  writer.u8(parameters.length);
  writer.bytes(parameters);
}

/** Reads and checks what {@link writeIdentity} wrote on the other side. */
export function readIdentity(
  config: HandshakeConfig,
  side: Side,
  phase: Phase,
  reader: Reader,
): ProvenPeer {
  const identity = reader.bytes(KEY_BYTES);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const parameters = reader.bytes(reader.u8());
  if (
    !config.crypto.verify(signature, signedBytes(side, phase.transcript.hash, identity), identity)
  ) {
    throw failed("the other side does not hold the key it claims");
  }
  return { identity, parameters };
}

/** Reads the first byte of a sealed message that is to say `proceed`. */
export function expectProceed(reader: Reader): void {
  const kind = reader.u8();
  if (kind === Kind.refuse) throw refused(reader.u8());
  if (kind !== Kind.proceed) throw failed(`a sealed message of kind ${kind} out of turn`);
}

/** Seals the next handshake message; it is part of the transcript from then on. */
export function say(phase: Phase, plaintext: Uint8Array): Uint8Array {
  phase.transcript.add(plaintext);
  const { ciphertext, tag } = immediate(phase.sealed.seal(plaintext));
  return join(ciphertext, tag);
}

/** Tells the other side why not. */
export const refuse = (phase: Phase, failure: TroupeError): Step => ({
  send: [say(phase, encodeRefusal(failure))],
  failure,
});

/** The session that both sides have agreed on, all messages being part of the transcript. */
export function establish(
  config: HandshakeConfig,
  side: Side,
  phase: Phase,
  peer: ProvenPeer,
  keyId: string | undefined,
): Established {
  return {
    ...peer,
    keyId,
    records: directions(config, side, phase.secret, "traffic", phase.transcript),
  };
}

/** Handshake messages are small, and small records are answered at once by every provider. */
export function immediate<T>(result: MaybePromise<T>): T {
  if (result instanceof Promise) throw failed("the crypto provider answers small records late");
  return result;
}

/** The plaintext of a refusal. */
function encodeRefusal(error: TroupeError): Uint8Array {
  for (const [number, code] of Object.entries(REFUSALS)) {
    if (code === error.code) return Uint8Array.of(Kind.refuse, Number(number));
  }
  return Uint8Array.of(Kind.refuse, 1);
}

const REASONS: Record<RefusalCode, string> = {
  HANDSHAKE_FAILED: "without telling why",
  NO_COMMON_KEY:
    "no pre-shared key in common; add one with the same id and key on both sides by addPresharedKey()",
  WRONG_KEY: "its pre-shared key of this id is another one",
  NOT_ALLOWED: "this peer's id is not on its allow list",
  WRONG_PEER: "it expected another peer at this end",
  KEY_CHANGED: "it remembers another key at this address",
  SELF_CONNECTION: "this is the same peer; it does not connect to itself",
  LIMIT: "it has as many units as it takes",
  DISCONNECTED: "the connection that is to be resumed is over",
  CANCELLED: "it resumes the connection itself, by a channel of its own",
};

/** The error for a refusal that came from the other side. */
export function refused(number: number): TroupeError {
  const code: ErrorCode = REFUSALS[number as keyof typeof REFUSALS] ?? "HANDSHAKE_FAILED";
  return new TroupeError(code, `the other side refused: ${REASONS[code as RefusalCode]}`);
}

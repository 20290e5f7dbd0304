import type { Reader } from "../bytes/reader.ts";
import { encodeText } from "../bytes/text.ts";
import { Writer } from "../bytes/writer.ts";
import type { CryptoProvider, PakeStep } from "../crypto/provider.ts";
import { TroupeError } from "../errors.ts";
import { derive, encodeFields } from "./key-schedule.ts";
import { KEY_BYTES, MAX_KEY_ID, MAX_KEY_IDS } from "./suite.ts";

/**
 * Pre-shared ID:KEY pairs by CPace: nothing that either side sends allows guessing the key offline,
 * and an active stranger has one guess a connection. The session id of the exchange is the transcript
 * so far, so a proof is worth nothing in another session.
 */

/** Uniformly random bytes a CPace scalar is made of. */
const SCALAR_BYTES = 64;

/** Who proves to whom. */
export interface Parties {
  readonly dialer: Uint8Array;
  readonly responder: Uint8Array;
  /** The transcript before the dialer's offer. */
  readonly transcript: Uint8Array;
}

/** A dialer's offer: one id it has a key for, and its share of an exchange about that key. */
export interface Offer {
  readonly id: string;
  readonly share: Uint8Array;
}

/** Starts an exchange about the key of `id`. */
export function startProof(
  crypto: CryptoProvider,
  side: "initiator" | "responder",
  id: string,
  key: Uint8Array,
  parties: Parties,
  random: (length: number) => Uint8Array,
): PakeStep {
  const channel = encodeFields("pre-shared", [encodeText(id), parties.dialer, parties.responder]);
  const input = { password: key, channel, sessionId: parties.transcript, side };
  return crypto.pake(input, random(SCALAR_BYTES));
}

/** What shows that a side has the key: a MAC over everything said before it. */
export const confirmation = (
  crypto: CryptoProvider,
  side: "dialer" | "responder",
  sessionKey: Uint8Array,
  transcript: Uint8Array,
): Uint8Array => derive(crypto, sessionKey, `confirm ${side}`, transcript);

/** The two sides have different keys under one id. */
export const wrongKey = (id: string): TroupeError =>
  new TroupeError("WRONG_KEY", `the pre-shared key "${id}" is another one on the other side`);

/** The two sides have no id in common, or only one of them has keys at all. */
export const noCommonKey = (): TroupeError =>
  new TroupeError(
    "NO_COMMON_KEY",
    "no pre-shared key in common; add one with the same id and key on both sides by addPresharedKey()",
  );

/** count(u8) (id share)* */
export function encodeOffers(offers: readonly Offer[]): Uint8Array {
  const writer = new Writer();
  writer.u8(offers.length);
  for (const { id, share } of offers) {
    writer.prefixed(encodeText(id));
    writer.bytes(share);
  }
  return writer.view();
}

/** @throws TroupeError `PROTOCOL` when there are too many or they do not parse */
export function readOffers(reader: Reader): Offer[] {
  const count = reader.u8();
  if (count > MAX_KEY_IDS)
    throw new TroupeError(
      "PROTOCOL",
      `${count} pre-shared ids offered; at most ${MAX_KEY_IDS} are read`,
    );
  const offers: Offer[] = [];
  for (let i = 0; i < count; i++)
    offers.push({ id: reader.text(MAX_KEY_ID), share: reader.bytes(KEY_BYTES) });
  return offers;
}

import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
} from "node:crypto";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { HandshakeVector, RekeyVector, SideVector } from "./vectors.ts";

/*
 * monte/2 once more, in a straight line: both sides at once, with every secret in hand. It shares no
 * code with src/, so that the vectors show what the protocol says and not only what src/ does.
 */

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text = ""): Buffer => Buffer.from(text, "hex");
const u8 = (...values: number[]): Buffer => Buffer.from(values);
const cat = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

/** fields: each behind its length in two bytes, big-endian; the label is the first. */
const fields = (label: string, ...parts: readonly Uint8Array[]): Buffer =>
  cat(
    ...[Buffer.from(`troupe monte/2 ${label}`), ...parts].map((part) =>
      cat(u8(part.length >> 8, part.length & 255), part),
    ),
  );
const H = (label: string, ...parts: readonly Uint8Array[]): Buffer =>
  Buffer.from(blake2b(fields(label, ...parts), { dkLen: 32 }));
const KDF = (key: Uint8Array, label: string, ...parts: readonly Uint8Array[]): Buffer =>
  Buffer.from(blake2b(fields(label, ...parts), { dkLen: 32, key }));

/** RFC 8410: what stands before 32 raw bytes in PKCS #8 and SPKI. */
const secretKey = (oid: "6e" | "70", raw: Uint8Array): KeyObject =>
  createPrivateKey({
    key: cat(unhex(`302e020100300506032b65${oid}04220420`), raw),
    format: "der",
    type: "pkcs8",
  });
const publicKey = (raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: cat(unhex("302a300506032b656e032100"), raw),
    format: "der",
    type: "spki",
  });
const rawPublic = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);

function seal(key: Uint8Array, counter: number, plaintext: Uint8Array): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(counter));
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return cat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** LEB128. */
const leb = (value: number): Buffer =>
  value < 128 ? u8(value) : cat(u8((value & 127) | 128), leb(value >> 7));
const lv = (...parts: readonly Uint8Array[]): Buffer =>
  cat(...parts.map((part) => cat(leb(part.length), part)));

/** CPace-RISTR255-SHA512: both shares and the key they lead to. */
function cpace(
  password: Uint8Array,
  channel: Uint8Array,
  sessionId: Uint8Array,
  ours: Uint8Array,
  theirs: Uint8Array,
): { readonly a: Buffer; readonly b: Buffer; readonly sessionKey: Buffer } {
  const dsi = Buffer.from("CPaceRistretto255");
  const padding = Buffer.alloc(Math.max(0, 128 - 1 - lv(password).length - lv(dsi).length));
  const seed = sha512(lv(dsi, password, padding, channel, sessionId));
  const generator = ristretto255_hasher.deriveToCurve?.(seed);
  if (generator === undefined) throw new Error("no element derivation");
  const scalar = (uniform: Uint8Array): bigint =>
    BigInt(`0x${hex(Uint8Array.from(uniform).reverse())}`) % ristretto255.Point.Fn.ORDER;
  const [x, y] = [scalar(ours), scalar(theirs)];
  const [a, b] = [generator.multiply(x), generator.multiply(y)];
  const [A, B] = [Buffer.from(a.toBytes()), Buffer.from(b.toBytes())];
  const K = b.multiply(x).toBytes();
  const isk = lv(Buffer.from("CPaceRistretto255_ISK"), sessionId, K);
  const none = Buffer.alloc(0);
  return { a: A, b: B, sessionKey: Buffer.from(sha512(cat(isk, lv(A, none, B, none)))) };
}

/** Everything in a handshake vector, from its inputs alone. */
export function plainHandshake(vector: HandshakeVector): HandshakeVector {
  const { dialer, responder } = vector;
  const messages: HandshakeVector["messages"][number][] = [];
  const eI = secretKey("6e", unhex(dialer.ephemeralSecret));
  const eR = secretKey("6e", unhex(responder.ephemeralSecret));
  const m1 = cat(u8(2, 1), rawPublic(eI));
  const m2 = cat(u8(2, 1), rawPublic(eR));
  messages.push({ name: "m1", from: "dialer", plaintext: hex(m1), bytes: hex(m1) });
  let th = H("transcript", m1, m2);
  messages.push(said("m2", "responder", m2, m2, th));

  const ss = diffieHellman({ privateKey: eI, publicKey: publicKey(rawPublic(eR)) });
  const hs = KDF(unhex(vector.networkKey ?? "00".repeat(32)), "handshake secret", ss, th);
  const hIR = KDF(hs, "handshake dialer to responder", th);
  const hRI = KDF(hs, "handshake responder to dialer", th);

  const identity = (side: "dialer" | "responder", { seed, parameters }: SideVector) => {
    const key = secretKey("70", unhex(seed));
    const own = rawPublic(key);
    const signed = fields(`signature ${side}`, th, own);
    const told = unhex(parameters);
    return {
      own,
      signed: hex(signed),
      plaintext: cat(u8(1), own, sign(null, signed, key), u8(told.length), told),
    };
  };

  const bob = identity("responder", responder);
  th = H("transcript", th, bob.plaintext);
  const m3 = said("m3", "responder", bob.plaintext, seal(hRI, 0, bob.plaintext), th);
  messages.push({ ...m3, signed: bob.signed });

  const alice = identity("dialer", dialer);
  const th2 = th;
  const exchange = ({ id, key, uniform = "" }: (typeof dialer.presharedKeys)[number]) =>
    cpace(
      unhex(key),
      fields("pre-shared", Buffer.from(id), alice.own, bob.own),
      th2,
      unhex(uniform),
      unhex(responder.presharedUniform ?? "01"),
    );
  const offers = dialer.presharedKeys.map((offer) =>
    cat(leb(Buffer.from(offer.id).length), Buffer.from(offer.id), exchange(offer).a),
  );
  const m4 = cat(alice.plaintext, u8(offers.length), ...offers);
  th = H("transcript", th, m4);
  messages.push({ ...said("m4", "dialer", m4, seal(hIR, 0, m4), th), signed: alice.signed });

  const index = dialer.presharedKeys.findIndex(({ id }) =>
    responder.presharedKeys.some((known) => known.id === id),
  );
  const chosen = dialer.presharedKeys[index];
  let sessionKey: Buffer | undefined;
  if (chosen === undefined) {
    th = H("transcript", th, u8(1));
    messages.push(said("m5", "responder", u8(1), seal(hRI, 1, u8(1)), th));
  } else {
    const proof = exchange(chosen);
    sessionKey = proof.sessionKey;
    const m5 = cat(u8(2, index), proof.b, KDF(sessionKey, "confirm responder", th));
    th = H("transcript", th, m5);
    messages.push(said("m5", "responder", m5, seal(hRI, 1, m5), th));
    const m6 = cat(u8(1), KDF(sessionKey, "confirm dialer", th));
    th = H("transcript", th, m6);
    messages.push(said("m6", "dialer", m6, seal(hIR, 1, m6), th));
  }

  const tIR = KDF(hs, "traffic dialer to responder", th);
  const tRI = KDF(hs, "traffic responder to dialer", th);
  const counters = { dialer: 0, responder: 0 };
  return {
    ...vector,
    sharedSecret: hex(ss),
    handshakeSecret: hex(hs),
    handshakeKeys: { dialerToResponder: hex(hIR), responderToDialer: hex(hRI) },
    ...(sessionKey === undefined ? {} : { presharedSessionKey: hex(sessionKey) }),
    messages,
    trafficKeys: { dialerToResponder: hex(tIR), responderToDialer: hex(tRI) },
    records: vector.records.map(({ from, plaintext }) => {
      const key = from === "dialer" ? tIR : tRI;
      return { from, plaintext, bytes: hex(seal(key, counters[from]++, unhex(plaintext))) };
    }),
  };
}

const said = (
  name: string,
  from: "dialer" | "responder",
  plaintext: Uint8Array,
  bytes: Uint8Array,
  transcript: Uint8Array,
): HandshakeVector["messages"][number] => ({
  name,
  from,
  plaintext: hex(plaintext),
  bytes: hex(bytes),
  transcript: hex(transcript),
});

/** The records of a re-key vector, from its first key and its rule. */
export function plainRekey({ key, rule, records }: RekeyVector): RekeyVector["records"] {
  let current = unhex(key);
  let [counter, sum] = [0, 0];
  return records.map(({ plaintext }) => {
    const text = unhex(plaintext);
    const record = {
      key: hex(current),
      counter,
      plaintext,
      bytes: hex(seal(current, counter, text)),
    };
    counter++;
    sum += text.length;
    if (counter >= rule.records || sum >= rule.bytes) {
      current = KDF(current, "rekey");
      [counter, sum] = [0, 0];
    }
    return record;
  });
}

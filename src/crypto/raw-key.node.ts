import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { asBuffer } from "../bytes/as-buffer.node.ts";
import { equal } from "../bytes/bytes.ts";

/** The two curves of a session, as JWK names them (RFC 8037). */
export type Curve = "X25519" | "Ed25519";

/** PKCS #8 of a private key up to its 32 bytes; the curves differ in the last byte of their OID (RFC 8410). */
const PKCS8: Readonly<Record<Curve, Buffer>> = {
  X25519: Buffer.from("302e020100300506032b656e04220420", "hex"),
  Ed25519: Buffer.from("302e020100300506032b657004220420", "hex"),
};

/** A public key of 32 raw bytes. JWK costs 7 us, DER 90. */
export function publicKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: curve, x: base64url(bytes) }, format: "jwk" });
}

/** A private key of 32 raw bytes. */
export function privateKeyOf(curve: Curve, secret: Uint8Array): KeyObject {
  derivesPublic ??= readsOnlyD();
  return derivesPublic ? fromJwk(curve, secret) : fromDer(curve, secret);
}

/** The 32 bytes of the public key that belongs to a private one. */
export function publicBytesOf(privateKey: KeyObject): Uint8Array {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (x === undefined) throw new Error("not a key of X25519 or Ed25519");
  return Buffer.from(x, "base64url");
}

/** By PKCS #8, which every Node takes, in 410 us. */
export function fromDer(curve: Curve, secret: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PKCS8[curve], secret]),
    format: "der",
    type: "pkcs8",
  });
}

/**
 * By JWK, in 36 us. A JWK must name the public key, too, which is not known yet, so this one names
 * zeros. Node 20 derives it from the private key without looking; a Node that compares the two throws.
 */
function fromJwk(curve: Curve, secret: Uint8Array): KeyObject {
  const x = base64url(new Uint8Array(32));
  return createPrivateKey({
    key: { kty: "OKP", crv: curve, x, d: base64url(secret) },
    format: "jwk",
  });
}

/** Whether {@link fromJwk} works here; found out at the first use. In Node 26 it does not. */
let derivesPublic: boolean | undefined;

function readsOnlyD(): boolean {
  const secret = new Uint8Array(32).fill(1);
  try {
    const byJwk = publicBytesOf(fromJwk("X25519", secret));
    return equal(byJwk, publicBytesOf(fromDer("X25519", secret)));
  } catch {
    return false;
  }
}

const base64url = (bytes: Uint8Array): string => asBuffer(bytes).toString("base64url");

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/**
 * A certificate made on the spot (X.509 v1, RFC 5280 section 4.1; ECDSA P-256), valid for a day
 * around now: no key lies in the repository and nothing expires there.
 */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(objectIdentifier("2a8648ce3d040302"));
  const commonName = sequence(objectIdentifier("550403"), tagged(0x0c, Buffer.from("localhost")));
  const name = sequence(tagged(0x31, commonName));
  const now = Date.now();
  const validity = sequence(utcTime(now - HALF_A_DAY), utcTime(now + HALF_A_DAY));
  // The first bit clear and the second set: a positive number in its shortest form.
  const serial = randomBytes(8);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const toBeSigned = sequence(
    tagged(0x02, serial),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ecdsaWithSha256, bitString(signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
  };
}

const HALF_A_DAY = 12 * 60 * 60 * 1000;

/** DER: tag, length in its shortest form, content (ITU-T X.690 section 8.1). */
function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const head =
    size < 0x80
      ? [tag, size]
      : size < 0x100
        ? [tag, 0x81, size]
        : [tag, 0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const objectIdentifier = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, "hex"));
const bitString = (bytes: Uint8Array): Buffer => tagged(0x03, Buffer.from([0]), bytes);
/** `YYMMDDhhmmssZ`. */
const utcTime = (at: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));

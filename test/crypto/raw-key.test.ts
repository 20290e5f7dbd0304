import { diffieHellman, sign } from "node:crypto";
import { expect, test } from "vitest";
import {
  fromDer,
  privateKeyOf,
  publicBytesOf,
  publicKeyOf,
} from "../../src/crypto/raw-key.node.ts";
import { hex, pattern } from "./support.ts";

test.each(["X25519", "Ed25519"] as const)(
  "a key of %s is the same by its fast and its sure way",
  (curve) => {
    const [fast, sure] = [privateKeyOf(curve, pattern(32)), fromDer(curve, pattern(32))];
    expect(fast.asymmetricKeyType).toBe(curve.toLowerCase());
    expect(fast.equals(sure)).toBe(true);
    expect(hex(publicBytesOf(fast))).toBe(hex(publicBytesOf(sure)));
  },
);

test("a key that came the fast way agrees and signs as the other does", () => {
  const publicKey = publicKeyOf("X25519", pattern(32, 9));
  const agreed = [privateKeyOf, fromDer].map((make) =>
    hex(diffieHellman({ privateKey: make("X25519", pattern(32)), publicKey })),
  );
  const signed = [privateKeyOf, fromDer].map((make) =>
    hex(sign(null, pattern(9), make("Ed25519", pattern(32)))),
  );
  expect(agreed[0]).toBe(agreed[1]);
  expect(signed[0]).toBe(signed[1]);
});

test("a public key's bytes come back from it", () => {
  const point = publicBytesOf(privateKeyOf("X25519", pattern(32)));
  expect(publicKeyOf("X25519", point).export({ format: "jwk" }).x).toBe(
    Buffer.from(point).toString("base64url"),
  );
});

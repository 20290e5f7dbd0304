import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { isStrictKey } from "../../src/crypto/strict-key.ts";
import { encodeY, PRIME } from "./forge.ts";
import { bytes, vectors } from "./support.ts";

describe("isStrictKey", () => {
  test.each(vectors<{ cases: { publicKey: string }[] }>("ed25519").cases)(
    "takes $publicKey",
    ({ publicKey }) => {
      expect(isStrictKey(bytes(publicKey))).toBe(true);
    },
  );

  test.each(ED25519_TORSION_SUBGROUP)("refuses the small-order point %s", (point) => {
    expect(isStrictKey(bytes(point))).toBe(false);
  });

  test.each([false, true])(
    "takes the largest y but one below the prime (negative: %s)",
    (negative) => {
      expect(isStrictKey(encodeY(PRIME - 2n, negative))).toBe(true);
    },
  );

  test.each([false, true])("refuses every y from the prime up (negative: %s)", (negative) => {
    const taken = Array.from({ length: 19 }, (_, i) => PRIME + BigInt(i)).filter((y) =>
      isStrictKey(encodeY(y, negative)),
    );
    expect(taken).toEqual([]);
  });

  test.each([0, 31, 33])("refuses %i bytes", (length) => {
    expect(isStrictKey(new Uint8Array(length).fill(9))).toBe(false);
  });
});

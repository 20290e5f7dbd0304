import { describe, expect, test } from "vitest";
import { encodeY as encodeU, PRIME } from "./forge.ts";
import { hex, PROVIDERS, pattern } from "./support.ts";

/** u coordinates whose order divides the cofactor, on the curve or its twist: all that give zero. */
const LOW_ORDER: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  PRIME - 1n,
  PRIME,
  PRIME + 1n,
];

describe.each(PROVIDERS)("the %s provider", (_, provider) => {
  const own = provider.agreement(pattern(32));

  test.each(LOW_ORDER)("refuses the low-order point %i, with its unused bit clear or set", (u) => {
    expect(() => own.agree(encodeU(u))).toThrow("all-zero secret");
    expect(() => own.agree(encodeU(u, true))).toThrow("all-zero secret");
  });

  test("takes a point that is not reduced for what it is modulo the prime", () => {
    expect(hex(own.agree(encodeU(PRIME + 9n)))).toBe(hex(own.publicKey));
  });

  test("does not look at the unused bit of a point", () => {
    expect(hex(own.agree(encodeU(9n, true)))).toBe(hex(own.publicKey));
  });

  test.each([0, 31, 33])("refuses a point of %i bytes", (length) => {
    expect(() => own.agree(pattern(length))).toThrow(`X25519 point: ${length} bytes, not 32`);
  });

  test.each([0, 31, 33])("refuses a secret of %i bytes", (length) => {
    expect(() => provider.agreement(pattern(length))).toThrow(
      `X25519 secret: ${length} bytes, not 32`,
    );
  });

  test("keeps its own copy of the secret", () => {
    const secret = pattern(32);
    const agreement = provider.agreement(secret);
    secret.fill(0);
    expect(hex(agreement.agree(encodeU(9n)))).toBe(hex(own.publicKey));
  });
});

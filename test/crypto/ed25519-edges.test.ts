import { numberToBytesLE } from "@noble/curves/utils.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeY,
  type Forged,
  forge,
  forgeWhere,
  holdsWithCofactor,
  ORDER,
  PRIME,
  TORSION,
  torsion,
} from "./forge.ts";
import { bytes, flipped, hex, PROVIDERS, pattern } from "./support.ts";

const A = 0x1234_5678_9abc_def0_1234_5678_9abc_def1n;
const R = 0x0fed_cba9_8765_4321_0fed_cba9_8765_4323n;
const MESSAGE = pattern(40);
const honest = forge({ a: A, r: R }, MESSAGE);

describe.each(PROVIDERS)("the %s provider", (_, provider) => {
  const verify = ({ signature, message, publicKey }: Forged): boolean =>
    provider.verify(signature, message, publicKey);

  test("takes the honest signature that the others are made from", () => {
    expect(verify(honest)).toBe(true);
  });

  test.each(TORSION.map((point) => hex(point.toBytes())))(
    "refuses the small-order key %s though the equation holds",
    (key) => {
      const forged = forgeWhere({ a: 0n, r: R, keyBytes: bytes(key) }, (k8) => k8 === 0);
      expect(holdsWithCofactor(forged)).toBe(true);
      expect(verify(forged)).toBe(false);
    },
  );

  test.each([
    ["0 as the prime", PRIME, false],
    ["0 as the prime, negative", PRIME, true],
    ["1 as the prime and 1", PRIME + 1n, false],
    ["1 as the prime and 1, negative", PRIME + 1n, true],
    ["1 with a negative zero", 1n, true],
    ["-1 with a negative zero", PRIME - 1n, true],
  ])("refuses a small-order key that encodes %s", (_, y, negative) => {
    const forged = forgeWhere({ a: 0n, r: R, keyBytes: encodeY(y, negative) }, (k8) => k8 === 0);
    expect(holdsWithCofactor(forged)).toBe(true);
    expect(verify(forged)).toBe(false);
  });

  test("takes an R that is the neutral element, which the equation gives", () => {
    const forged = forge({ a: A, r: 0n }, MESSAGE);
    expect(verify(forged)).toBe(true);
  });

  test.each([1, 2, 3, 4, 5, 6, 7])(
    "refuses the small-order R number %i: off by the cofactor",
    (i) => {
      const forged = forge({ a: A, r: 0n, nonceTorsion: torsion(i) }, MESSAGE);
      expect(holdsWithCofactor(forged)).toBe(true);
      expect(verify(forged)).toBe(false);
    },
  );

  test.each([
    ["as the prime and 1", PRIME + 1n, false],
    ["as the prime and 1, negative", PRIME + 1n, true],
    ["with a negative zero", 1n, true],
  ])("refuses the neutral R encoded %s", (_, y, negative) => {
    const forged = forge({ a: A, r: 0n, nonceBytes: encodeY(y, negative) }, MESSAGE);
    expect(holdsWithCofactor(forged)).toBe(true);
    expect(verify(forged)).toBe(false);
  });

  test.each([1, 2, 4])(
    "takes a key of mixed order (%i) where the equation holds by itself",
    (i) => {
      const forged = forgeWhere({ a: A, r: R, keyTorsion: torsion(i) }, (k8) => k8 === 0);
      expect(verify(forged)).toBe(true);
    },
  );

  test.each([1, 2, 4])(
    "refuses a key of mixed order (%i) where only the cofactor makes it hold",
    (i) => {
      const forged = forgeWhere({ a: A, r: R, keyTorsion: torsion(i) }, (k8) => k8 % 2 === 1);
      expect(holdsWithCofactor(forged)).toBe(true);
      expect(verify(forged)).toBe(false);
    },
  );

  test.each([1, 2, 4])("refuses an R of mixed order (%i) under an honest key", (i) => {
    const forged = forge({ a: A, r: R, nonceTorsion: torsion(i) }, MESSAGE);
    expect(holdsWithCofactor(forged)).toBe(true);
    expect(verify(forged)).toBe(false);
  });

  test("takes a key and an R of mixed order that cancel each other", () => {
    // [S]B - [k]A = [r]B - [k]T, so R must be off by [-k]T: by [3]T where k is 5 modulo 8.
    const forged = forgeWhere(
      { a: A, r: R, keyTorsion: torsion(1), nonceTorsion: torsion(3) },
      (k8) => k8 === 5,
    );
    expect(verify(forged)).toBe(true);
  });

  test("refuses a key and an R of mixed order that do not cancel each other", () => {
    const forged = forgeWhere(
      { a: A, r: R, keyTorsion: torsion(1), nonceTorsion: torsion(3) },
      (k8) => k8 === 4,
    );
    expect(holdsWithCofactor(forged)).toBe(true);
    expect(verify(forged)).toBe(false);
  });

  test.each([1n, 2n, 8n, 15n])("refuses an S that is larger by %i times the order", (times) => {
    expect(verify({ ...honest, signature: withS(sOf(honest) + times * ORDER) })).toBe(false);
  });

  test.each([2n, PRIME + 2n])("refuses a key whose y is %i, where there is no point", (y) => {
    expect(verify({ ...honest, publicKey: encodeY(y) })).toBe(false);
  });

  test("refuses an R that is no point", () => {
    expect(verify(forge({ a: A, r: R, nonceBytes: encodeY(2n) }, MESSAGE))).toBe(false);
  });

  test.each([0, 1, 31, 32, 63, 65, 128])("refuses a signature of %i bytes", (length) => {
    const signature = new Uint8Array(length);
    signature.set(honest.signature.subarray(0, length));
    expect(verify({ ...honest, signature })).toBe(false);
  });

  test.each([0, 31, 33, 64])("refuses a key of %i bytes", (length) => {
    const publicKey = new Uint8Array(length);
    publicKey.set(honest.publicKey.subarray(0, length));
    expect(verify({ ...honest, publicKey })).toBe(false);
  });

  test("refuses a signature of all zeros under a key of all zeros", () => {
    expect(provider.verify(new Uint8Array(64), MESSAGE, new Uint8Array(32))).toBe(false);
  });

  test("refuses another message and another key", () => {
    const other = forge({ a: A + 1n, r: R }, MESSAGE);
    expect(verify({ ...honest, message: pattern(40, 1) })).toBe(false);
    expect(verify({ ...honest, publicKey: other.publicKey })).toBe(false);
  });

  test("refuses a signature with one bit changed", () => {
    fc.assert(
      fc.property(
        fc.nat(511),
        (bit) => !verify({ ...honest, signature: flipped(honest.signature, bit) }),
      ),
      { numRuns: 60, seed: 1 },
    );
  });
});

test("all providers agree on signatures put together from odd parts", () => {
  const index = fc.nat(7);
  const parts = fc.record({
    key: index,
    nonce: index,
    smallKey: fc.boolean(),
    smallNonce: fc.boolean(),
  });
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(parts, fc.uint8Array({ maxLength: 8 }), fc.nat(3), (odd, message, extra) => {
      const forged = forge(
        {
          a: odd.smallKey ? 0n : A,
          r: odd.smallNonce ? 0n : R,
          keyTorsion: torsion(odd.key),
          nonceTorsion: torsion(odd.nonce),
        },
        message,
      );
      const signature = Uint8Array.from(forged.signature);
      if (extra === 3) signature.set(numberToBytesLE(sOf(forged) + ORDER, 32), 32);
      const [first, ...others] = PROVIDERS.map(([, p]) =>
        p.verify(signature, message, forged.publicKey),
      );
      verdicts.add(first === true);
      expect(others).toEqual(others.map(() => first));
    }),
    { numRuns: 250, seed: 2 },
  );
  expect(verdicts).toEqual(new Set([true, false]));
});

const sOf = ({ signature }: Forged): bigint =>
  BigInt(`0x${hex(Uint8Array.from(signature.subarray(32)).reverse())}`);

function withS(s: bigint): Uint8Array {
  const signature = Uint8Array.from(honest.signature);
  signature.set(numberToBytesLE(s, 32), 32);
  return signature;
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { noble } from "../../src/crypto/noble.ts";
import { hex, PROVIDERS, pattern, whole } from "./support.ts";

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = fc.uint8Array({ maxLength: 300 });
/** noble takes about a millisecond for each operation on a curve. */
const FEW = { numRuns: 30, seed: 3 };

describe("noble and node", () => {
  test("give the same key pairs and secrets", () => {
    fc.assert(
      fc.property(secret, secret, (one, other) => {
        const here = noble.agreement(one);
        const there = node.agreement(other);
        expect(hex(here.publicKey)).toBe(hex(node.agreement(one).publicKey));
        expect(hex(here.agree(there.publicKey))).toBe(hex(there.agree(here.publicKey)));
      }),
      FEW,
    );
  });

  test("give the same signatures and take each other's", () => {
    fc.assert(
      fc.property(secret, message, (seed, text) => {
        const signature = noble.signer(seed).sign(text);
        const { publicKey, sign } = bound(seed);
        expect(hex(sign(text))).toBe(hex(signature));
        expect(noble.verify(sign(text), text, publicKey)).toBe(true);
        expect(node.verify(signature, text, publicKey)).toBe(true);
      }),
      FEW,
    );
  });

  test("seal to the same bytes and open each other's", () => {
    const counter = fc.oneof(fc.nat(1000), fc.maxSafeNat());
    fc.assert(
      fc.property(secret, counter, fc.uint8Array({ maxLength: 2000 }), (key, count, text) => {
        const sealed = whole(noble.aead(key).seal(count, text));
        expect(hex(whole(node.aead(key).seal(count, text)))).toBe(hex(sealed));
        expect(hex(node.aead(key).open(count, sealed) as Uint8Array)).toBe(hex(text));
        expect(hex(noble.aead(key).open(count, sealed) as Uint8Array)).toBe(hex(text));
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});

describe.each(PROVIDERS)("the %s provider", (_, provider) => {
  test.each([0, 1, 32, 65_536, 65_537])("gives %i random bytes, others each time", (length) => {
    const [one, other] = [provider.randomBytes(length), provider.randomBytes(length)];
    expect([one.length, other.length]).toEqual([length, length]);
    if (length >= 32) expect(hex(one.subarray(-32))).not.toBe(hex(other.subarray(-32)));
  });

  test("keeps its own copy of a signer's seed", () => {
    const seed = pattern(32);
    const signer = provider.signer(seed);
    const before = hex(signer.sign(pattern(3)));
    seed.fill(0);
    expect(hex(signer.sign(pattern(3)))).toBe(before);
  });

  test.each([0, 31, 33])("refuses a signer's seed of %i bytes", (length) => {
    expect(() => provider.signer(pattern(length))).toThrow(`Ed25519 seed: ${length} bytes, not 32`);
  });
});

function bound(seed: Uint8Array): {
  publicKey: Uint8Array;
  sign: (text: Uint8Array) => Uint8Array;
} {
  const signer = node.signer(seed);
  return { publicKey: signer.publicKey, sign: (text) => signer.sign(text) };
}

import { describe, expect, test } from "vitest";
import { createIdentity, parseId } from "../../src/crypto/identity.ts";
import { hex, PROVIDERS, pattern } from "./support.ts";

describe.each(PROVIDERS)("createIdentity with the %s provider", (_, provider) => {
  test("names an identity by its public key in lowercase hexadecimal", () => {
    const identity = createIdentity(provider, pattern(32));
    expect(identity.id).toMatch(/^[0-9a-f]{64}$/);
    expect(identity.id).toBe(hex(provider.signer(pattern(32)).publicKey));
    expect(hex(identity.publicKey)).toBe(identity.id);
  });

  test("signs what its public key verifies", () => {
    const { publicKey, sign } = createIdentity(provider, pattern(32));
    expect(provider.verify(sign(pattern(5)), pattern(5), publicKey)).toBe(true);
  });

  test("makes another one each time without a seed", () => {
    expect(createIdentity(provider).id).not.toBe(createIdentity(provider).id);
  });

  test.each([0, 31, 33, 64])("refuses a seed of %i bytes", (length) => {
    expect(() => createIdentity(provider, pattern(length))).toThrow(
      expect.objectContaining({
        code: "BAD_ARGUMENT",
        message: expect.stringContaining(`not ${length}`),
      }),
    );
  });
});

describe("parseId", () => {
  test("gives the public key back", () => {
    expect(hex(parseId("0f".repeat(32)))).toBe("0f".repeat(32));
  });

  test("takes either case", () => {
    expect(hex(parseId("aB".repeat(32)))).toBe("ab".repeat(32));
  });

  test.each([
    "",
    "0f".repeat(31),
    "0f".repeat(33),
    "0".repeat(63),
    `${"0f".repeat(31)}0g`,
    ` ${"0f".repeat(32)}`,
    `0x${"0f".repeat(31)}`,
  ])("refuses %j", (text) => {
    expect(() => parseId(text)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
  });
});

import { describe, expect, test } from "vitest";
import { browserAead, WEBCRYPTO_FROM } from "../../src/crypto/browser-aead.ts";
import { provider as node } from "../../src/crypto/default.node.ts";
import { AEAD_PROVIDERS, flipped, hex, pattern, sealing, whole } from "./support.ts";

const KEY = pattern(32, 7);
/** Small and, in browsers, large: the two ways a record can take. */
const SIZES = [24, WEBCRYPTO_FROM];

describe.each(AEAD_PROVIDERS)("the %s provider's AEAD", (_, provider) => {
  const aead = provider.aead(KEY);
  /** Throwing and rejecting alike. */
  const opening = async (counter: number, sealed: Uint8Array, by = aead): Promise<Uint8Array> =>
    by.open(counter, sealed);

  test("refuses a record with any one bit changed", async () => {
    const sealed = await sealing(aead, 5, pattern(24));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      await expect(opening(5, flipped(sealed, bit))).rejects.toThrow("not authentic");
    }
  });

  test("refuses a large record with a bit changed in its text or its tag", async () => {
    const sealed = await sealing(aead, 5, pattern(WEBCRYPTO_FROM));
    for (const bit of [
      0,
      12_345,
      WEBCRYPTO_FROM * 8 - 1,
      WEBCRYPTO_FROM * 8,
      sealed.length * 8 - 1,
    ]) {
      await expect(opening(5, flipped(sealed, bit))).rejects.toThrow("not authentic");
    }
  });

  test.each(SIZES)("refuses %i bytes under another counter", async (size) => {
    const sealed = await sealing(aead, 5, pattern(size));
    for (const counter of [0, 4, 6, 5 + 2 ** 32]) {
      await expect(opening(counter, sealed)).rejects.toThrow("not authentic");
    }
  });

  test.each(SIZES)("refuses %i bytes under a key with one bit changed", async (size) => {
    const sealed = await sealing(aead, 5, pattern(size));
    for (const bit of [0, 100, 255]) {
      const other = provider.aead(flipped(KEY, bit));
      await expect(opening(5, sealed, other)).rejects.toThrow("not authentic");
    }
  });

  test("refuses a record that is cut short, down to nothing", async () => {
    const sealed = await sealing(aead, 5, pattern(24));
    for (let length = 0; length < sealed.length; length++) {
      await expect(opening(5, sealed.subarray(0, length))).rejects.toThrow("not authentic");
    }
  });

  test("refuses a record with a byte too many", async () => {
    const sealed = await sealing(aead, 5, pattern(24));
    await expect(opening(5, Uint8Array.of(...sealed, 0))).rejects.toThrow("not authentic");
  });

  test.each(SIZES)("leaves %i bytes that it seals or opens as they were", async (size) => {
    const plaintext = pattern(size);
    const sealed = await sealing(aead, 5, plaintext);
    expect(hex(plaintext)).toBe(hex(pattern(size)));
    const before = hex(sealed);
    await aead.open(5, sealed);
    expect(hex(sealed)).toBe(before);
  });

  test.each(SIZES)("gives buffers of %i bytes that later calls do not touch", async (size) => {
    const sealed = await sealing(aead, 5, pattern(size));
    const opened = await aead.open(5, sealed);
    const before = [hex(sealed), hex(opened)];
    await aead.open(6, await sealing(aead, 6, pattern(size, 99)));
    expect([hex(sealed), hex(opened)]).toEqual(before);
    sealed.fill(0);
    expect(hex(opened)).toBe(before[1]);
  });

  test.each(SIZES)("binds %i bytes when it is called, before its result comes", async (size) => {
    const plaintext = pattern(size);
    const coming = sealing(provider.aead(KEY), 5, plaintext);
    plaintext.fill(0);
    const sealed = await coming;
    const opened = provider.aead(KEY).open(5, sealed);
    sealed.fill(0);
    expect(hex(await opened)).toBe(hex(pattern(size)));
  });

  test("seals and opens what lies inside a larger buffer", async () => {
    const within = (bytes: Uint8Array): Uint8Array => {
      const larger = new Uint8Array(bytes.length + 8);
      larger.set(bytes, 3);
      return larger.subarray(3, 3 + bytes.length);
    };
    for (const size of SIZES) {
      const sealed = await sealing(aead, 5, within(pattern(size)));
      expect(hex(await aead.open(5, within(sealed)))).toBe(hex(pattern(size)));
    }
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses %d as a counter",
    async (counter) => {
      const sealed = await sealing(aead, 0, pattern(24));
      for (const size of SIZES) expect(() => aead.seal(counter, pattern(size))).toThrow("counter");
      await expect(opening(counter, sealed)).rejects.toThrow("counter");
    },
  );

  test.each([0, 16, 31, 33])("refuses a key of %i bytes", (length) => {
    expect(() => provider.aead(pattern(length))).toThrow(`key: ${length} bytes, not 32`);
  });
});

describe("the AEAD for browsers", () => {
  const { subtle } = globalThis.crypto;
  const around = [-17, -16, -1, 0, 1, 15, 16, 17].map((step) => WEBCRYPTO_FROM + step);

  test.each([0, 1, ...around, 65_536])("gives the bytes that Node's gives for %i", async (size) => {
    const aead = browserAead(KEY, subtle);
    const sealed = await sealing(node.aead(KEY), 9, pattern(size));
    expect(hex(await sealing(aead, 9, pattern(size)))).toBe(hex(sealed));
    expect(hex(await aead.open(9, sealed))).toBe(hex(pattern(size)));
  });

  test("answers at once below the threshold and later from it on", async () => {
    const aead = browserAead(KEY, subtle);
    const [small, large] = [pattern(WEBCRYPTO_FROM - 1), pattern(WEBCRYPTO_FROM)];
    expect([aead.seal(0, small), aead.seal(1, large)].map(isLater)).toEqual([false, true]);
    const sealed = [await sealing(aead, 0, small), await sealing(aead, 1, large)];
    expect(sealed.map((bytes, i) => isLater(aead.open(i, bytes)))).toEqual([false, true]);
  });

  test("gives each of many large records under way its own counter", async () => {
    const aead = browserAead(KEY, subtle);
    const counters = Array.from({ length: 20 }, (_, i) => i);
    const sealed = await Promise.all(
      counters.map((i) => sealing(aead, i, pattern(WEBCRYPTO_FROM, i))),
    );
    const opened = await Promise.all(
      counters.map((i) => node.aead(KEY).open(i, sealed[i] ?? new Uint8Array())),
    );
    expect(opened.map(hex)).toEqual(counters.map((i) => hex(pattern(WEBCRYPTO_FROM, i))));
  });

  test("answers at once where the page has no WebCrypto", () => {
    const aead = browserAead(KEY, undefined);
    const sealed = aead.seal(2, pattern(WEBCRYPTO_FROM));
    expect(hex(whole(sealed))).toBe(hex(whole(node.aead(KEY).seal(2, pattern(WEBCRYPTO_FROM)))));
  });
});

const isLater = (value: unknown): boolean => value instanceof Promise;

import { expect, it } from "vitest";
import { randomFraction } from "../../src/crypto/fraction.ts";
import { noble } from "../../src/crypto/noble.ts";

const from = (...bytes: readonly number[]): number =>
  randomFraction({ ...noble, randomBytes: () => Uint8Array.from(bytes) });

it("goes from 0 up to the last number below 1, the first byte weighing most", () => {
  expect(from(0, 0, 0)).toBe(0);
  expect(from(128, 0, 0)).toBe(0.5);
  expect(from(0, 0, 1)).toBe(2 ** -24);
  expect(from(255, 255, 255)).toBe(1 - 2 ** -24);
});

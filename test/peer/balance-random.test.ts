import { expect, it } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { randomFractions } from "../../src/peer/balance-random.ts";

it("makes a number of each three bytes, from 0 up to but not 1", () => {
  const fraction = randomFractions({
    randomBytes: () => Uint8Array.of(0, 0, 0, 0x80, 0, 0, 0xff, 0xff, 0xff),
  });
  expect([fraction(), fraction(), fraction()]).toEqual([0, 0.5, 1 - 2 ** -24]);
});

it("draws bytes again once they are used up, and none before they are needed", () => {
  let drawn = 0;
  const fraction = randomFractions({
    randomBytes: (length) => new Uint8Array(length).fill(++drawn),
  });
  expect(drawn).toBe(0);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(fraction());
  expect(seen.size).toBe(drawn);
  expect(drawn).toBe(4);
});

it("is even", () => {
  const fraction = randomFractions(noble);
  const counts = new Array<number>(4).fill(0);
  for (let i = 0; i < 40_000; i++) {
    const at = Math.floor(fraction() * 4);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  // Ten standard deviations: not a matter of luck.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(900);
});

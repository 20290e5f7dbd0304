import { expect, it } from "vitest";
import { cutUnderLoad } from "./cuts.ts";

it("100 channels cut at random bytes under load lose nothing, and repeat nothing", async () => {
  const { cuts, requests, messages, streams, faults } = await cutUnderLoad(100, 1);
  expect(faults).toEqual([]);
  expect(cuts).toBe(100);
  expect(Math.min(requests, messages, streams)).toBeGreaterThan(20);
});

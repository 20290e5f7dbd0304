import { expect, it } from "vitest";
import { roll } from "./rolling.ts";

it("four workers, restarted one by one 20 times under 2,000 requests a second: none fails, no stream breaks", async () => {
  const { answered, copied, failures, exits } = await roll(20, 2000);
  expect(failures).toEqual([]);
  expect(exits).toEqual(Array.from({ length: 80 }, () => 0));
  expect(answered).toBeGreaterThan(50_000);
  expect(copied).toBeGreaterThan(1000);
});

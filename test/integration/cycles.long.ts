import { expect, it } from "vitest";
import { cycle } from "./cycles.ts";

it("20,000 connections, ended in every way, leave no timer, socket, unit or memory behind", async () => {
  const before = process.getActiveResourcesInfo().length;
  // So many that code compiled meanwhile, some 400 KB in all, does not look like a leak.
  const { handles, bytesPerRound, units } = await cycle(20_000);
  expect(handles).toEqual([]);
  expect(units).toBe(0);
  expect(bytesPerRound).toBeLessThan(100);
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
});

import { expect, it } from "vitest";
import { cycle, refusals } from "./cycles.ts";

it("420 connections, ended in every way, leave no timer, socket, unit or memory behind", async () => {
  const before = process.getActiveResourcesInfo().length;
  const { handles, bytesPerRound, units } = await cycle(420);
  expect(handles).toEqual([]);
  expect(units).toBe(0);
  expect(bytesPerRound).toBeLessThan(6000);
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
});

it("300 dialers that are refused, for one reason or another, leave nothing behind either", async () => {
  const { handles, bytesPerRound, units } = await refusals(300);
  expect(handles).toEqual([]);
  expect(units).toBe(0);
  expect(bytesPerRound).toBeLessThan(6000);
});

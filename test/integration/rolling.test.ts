import { expect, it } from "vitest";
import { roll } from "./rolling.ts";

it.skipIf(process.platform === "win32")(
  "a restart of all workers, one by one, under load fails no request and breaks no stream",
  async () => {
    const { answered, copied, failures, exits } = await roll(1, 1000);
    expect(failures).toEqual([]);
    expect(exits).toEqual([0, 0, 0, 0]);
    expect(answered).toBeGreaterThan(500);
    expect(copied).toBeGreaterThan(10);
  },
  60_000,
);

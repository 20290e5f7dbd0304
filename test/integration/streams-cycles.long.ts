import { expect, it } from "vitest";
import { cycleStreams } from "./streams-cycles.ts";

it("40,000 streams, ended at random on either side, leave no timer, listener, slot or memory behind", async () => {
  const { handles, bytesPerStream, load, listeners } = await cycleStreams(40_000);
  expect({ handles, load, listeners }).toEqual({ handles: [], load: 0, listeners: 0 });
  // One or two megabytes come and go with the buffers of records that are not acknowledged yet.
  expect(bytesPerStream).toBeLessThan(120);
});

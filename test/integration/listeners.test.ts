import { once } from "node:events";
import { expect, it } from "vitest";
import { hear, startChild } from "./children.ts";

it("a listener that throws hurts no peer: it surfaces as an uncaught exception, and the process can end", async () => {
  const child = startChild("listener.child.ts");
  const exited = once(child, "exit");
  expect(await hear(child)).toEqual({ data: "pong", uncaught: ["open", "unit", "close"] });
  // Nothing is left open that would keep the process: it ends by itself.
  expect(await exited).toEqual([0, null]);
});

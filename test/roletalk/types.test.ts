import { expect, it } from "vitest";
import { run, seen } from "./program.ts";

it("a program that names roletalk's types compiles, and runs", async () => {
  await run();
  expect(seen).toEqual([
    "string",
    true,
    true,
    ...[null, "note", [1, "two", { three: null }, Buffer.from("four")], "object"],
    ...["ask", null, "guarded svc/ask"],
    ...["ask", null, "guarded svc/ask", 1],
  ]);
});

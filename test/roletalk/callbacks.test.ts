import { once } from "node:events";
import { expect, it } from "vitest";
import { hear, startChild } from "../integration/children.ts";

it("a callback that throws is an uncaught exception, and neither breaks a call nor keeps the process", async () => {
  const child = startChild("../roletalk/callback.child.ts");
  const exited = once(child, "exit");
  expect(await hear(child)).toEqual({
    data: "pong",
    load: 0,
    uncaught: [
      "listen",
      "connect",
      "send",
      "request",
      "failed request",
      "survey",
      "nobody",
      "close",
    ],
  });
  expect(await exited).toEqual([0, null]);
});

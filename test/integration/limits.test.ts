import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { pair, rejection, signal } from "../support/mesh.ts";
import { expectServed, served } from "./served.ts";

describe("a payload that is too large", () => {
  const limits = { messageBytes: 10_000 };
  const large = "x".repeat(10_001);

  it("for this side is BAD_PAYLOAD before it is sent", async () => {
    const { server, client } = await pair({}, { limits });
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const svc = await client.destination("svc").whenReady();
    const tooLarge = isTroupeError("BAD_PAYLOAD", "at most 10000");
    expect(await rejection(svc.request("echo", large))).toEqual(tooLarge);
    expect(() => svc.send("echo", large)).toThrow(tooLarge);
    expect(() => svc.broadcast("echo", large)).toThrow(tooLarge);
    expect((await svc.request("echo", large.slice(1))).data).toBe(large.slice(1));
  });

  it("for the other side is, too: it has told what it takes", async () => {
    const { server, client } = await pair({ limits }, {});
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const svc = await client.destination("svc").whenReady();
    expect(await rejection(svc.request("echo", large))).toEqual(isTroupeError("BAD_PAYLOAD"));
    expect((await svc.request("echo", "small")).data).toBe("small");
  });

  it("as an answer is BAD_PAYLOAD for the caller, whichever side does not take it", async () => {
    for (const [ours, theirs] of [
      [{ limits }, {}],
      [{}, { limits }],
    ] as const) {
      const { server, client } = await pair(ours, theirs);
      server.role("svc").onRequest("large", () => large);
      server.role("svc").onRequest("ping", () => "pong");
      const svc = await client.destination("svc").whenReady();
      expect(await rejection(svc.request("large"))).toEqual(isTroupeError("BAD_PAYLOAD"));
      await expectServed(svc);
    }
  });

  it("as the details of a failure leaves the failure without them", async () => {
    const { server, svc } = await served({ limits });
    server.role("svc").onRequest("fail", () => {
      throw Object.assign(new Error("broken"), { details: large });
    });
    const error = await rejection(svc.request("fail"));
    expect(error).toEqual(isTroupeError("REJECTED", "broken"));
    expect(error).toMatchObject({ details: undefined });
  });
});

describe("metadata that cannot travel is BAD_ARGUMENT before it is sent:", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a value that is no text", { a: 5 }],
    ["a key too long", { ["k".repeat(256)]: "" }],
    ["a value too long", { a: "v".repeat(4097) }],
    ["too many", Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ""]))],
  ])("%s", async (_what, metadata) => {
    const { svc } = await served();
    const target = { event: "ping", metadata: metadata as Record<string, string> };
    expect(await rejection(svc.request(target))).toEqual(isTroupeError("BAD_ARGUMENT"));
    expect(() => svc.send(target)).toThrow(isTroupeError("BAD_ARGUMENT"));
    await expectServed(svc);
  });
});

describe("too many requests at once", () => {
  it("for the other side are OVERLOADED here, and those within its limit are served", async () => {
    const { server, svc } = await served({ limits: { requests: 3 } });
    const go = signal();
    server.role("svc").onRequest("wait", () => go.promise.then(() => "done"));
    const asked = [1, 2, 3].map(() => svc.request("wait"));
    expect(await rejection(svc.request("wait"))).toEqual(isTroupeError("OVERLOADED", "3 requests"));
    go.fire();
    for (const { data } of await Promise.all(asked)) expect(data).toBe("done");
    await expectServed(svc);
  });
});

import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { pair, rejection } from "../support/mesh.ts";

describe("data of every kind arrives as it was sent, both ways", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);

  it.each<[string, unknown, string?]>([
    ["null", null, "null"],
    ["true", true, "boolean"],
    ["false", false, "boolean"],
    ["an empty text", "", "string"],
    ["a text of all planes", "aé漢🎭\u0000", "string"],
    ["0", 0, "number"],
    ["-0", -0, "number"],
    ["a third", 1 / 3, "number"],
    ["1e300", 1e300, "number"],
    ["1e-300", 1e-300, "number"],
    ["infinity", Number.NEGATIVE_INFINITY, "number"],
    ["NaN", Number.NaN, "number"],
    ["the largest safe integer", Number.MAX_SAFE_INTEGER, "number"],
    ["a BigInt", 2n ** 63n - 1n, "object"],
    ["a Date", new Date(1234567890123), "object"],
    ["a Map", new Map<unknown, unknown>([["a", new Set([1, 2n])]]), "object"],
    ["numbers in an array", [1 / 3, 1e300, -1e-300, 2 ** 53], "object"],
    ["nested objects", { a: [{ b: { c: "d" } }, null] }, "object"],
  ])("%s", async (_what, value, type) => {
    const { server, client } = await pair();
    const kinds: string[] = [];
    server.role("echo").onRequest("echo", (ctx) => {
      kinds.push(ctx.type);
      return ctx.data;
    });
    const echo = await client.destination("echo").whenReady();
    const { data } = await echo.request("echo", value);
    expect(data).toEqual(value);
    expect(kinds).toEqual([type]);
  });

  it("bytes, as bytes and not as an object", async () => {
    const { server, client } = await pair();
    server.role("echo").onRequest("echo", (ctx) => ctx.data);
    const echo = await client.destination("echo").whenReady();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i);
    for (const sent of [bytes, Buffer.from(bytes), bytes.buffer]) {
      const { data, type } = await echo.request<Uint8Array>("echo", sent);
      expect(type).toBe("binary");
      expect(data).toBeInstanceOf(Uint8Array);
      expect(Buffer.compare(data, bytes)).toBe(0);
    }
  });

  it.each<[string, unknown]>([
    ["a function", () => 1],
    ["a symbol", Symbol("no")],
    ["an object with a function deep within", { a: [{ b: () => 1 }] }],
    ["a promise", Promise.resolve(1)],
    ["an array that contains itself", cyclic],
  ])(
    "or, like %s, is refused before it is sent, and never silently changed",
    async (_what, data) => {
      const { server, client } = await pair();
      server.role("echo").onRequest("echo", (ctx) => ctx.data);
      const echo = await client.destination("echo").whenReady();
      expect(await rejection(echo.request("echo", data))).toEqual(isTroupeError("BAD_PAYLOAD"));
      expect(() => echo.send("echo", data)).toThrow(isTroupeError("BAD_PAYLOAD"));
      expect((await echo.request("echo", 1)).data).toBe(1);
    },
  );
});

describe("names of any length that a role or an event may have", () => {
  it("reach their handler", async () => {
    const { server, client } = await pair();
    const [role, event] = ["r".repeat(255), "e".repeat(255)];
    server.role(role).onRequest(event, () => "here");
    const destination = await client.destination(role).whenReady();
    expect((await destination.request(event)).data).toBe("here");
    expect((await destination.request(event)).data).toBe("here");
  });

  it("and longer ones are refused where they are used", async () => {
    const { server, client } = await pair();
    server.role("echo");
    const echo = await client.destination("echo").whenReady();
    const tooLong = isTroupeError("BAD_ARGUMENT", "256 bytes");
    expect(await rejection(echo.request("e".repeat(256)))).toEqual(tooLong);
    expect(() => echo.send("e".repeat(256))).toThrow(tooLong);
  });

  it("`error`, `__proto__` and the like are names as all others", async () => {
    const { server, client } = await pair();
    const heard: string[] = [];
    const events = ["error", "__proto__", "constructor", "toString", ""];
    for (const event of events) server.role("svc").onMessage(event, () => void heard.push(event));
    server.role("svc").onRequest("done", () => heard);
    const svc = await client.destination("svc").whenReady();
    for (const event of ["hasOwnProperty", ...events]) svc.send(event, 1);
    expect((await svc.request("done")).data).toEqual(events);
    expect(await rejection(svc.request("hasOwnProperty"))).toEqual(isTroupeError("NO_EVENT"));
  });
});

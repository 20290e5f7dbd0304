import { setTimeout as sleep } from "node:timers/promises";
import { TroupeError } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, Log, newPeer, rejection } from "../support/mesh.ts";
import { expectServed, served } from "./served.ts";

describe("a handler of a request that fails is REJECTED with its message", () => {
  it.each<[string, () => unknown, string]>([
    [
      "when it throws",
      () => {
        throw new Error("broken");
      },
      "broken",
    ],
    ["when it rejects", () => Promise.reject(new TypeError("broken later")), "broken later"],
    ["when it throws a text", () => Promise.reject("just a text"), "just a text"],
    ["when it throws a number", () => Promise.reject(5), "5"],
    ["when it throws null", () => Promise.reject(null), "without telling why"],
    ["when it throws undefined", () => Promise.reject(undefined), "without telling why"],
    ["when it throws an object without a prototype", () => Promise.reject(Object.create(null)), ""],
    [
      "when it throws what fails to be shown",
      () =>
        Promise.reject({
          toString() {
            throw new Error("no");
          },
        }),
      "cannot be shown",
    ],
    ["when it throws a symbol", () => Promise.reject(Symbol("odd")), "odd"],
  ])("%s", async (_when, handler, message) => {
    const { server, svc } = await served();
    server.role("svc").onRequest("fail", handler);
    expect(await rejection(svc.request("fail"))).toEqual(isTroupeError("REJECTED", message));
    await expectServed(svc);
  });

  it("and its details", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("fail", () => {
      throw Object.assign(new Error("broken"), { details: { field: "name", seen: 5n } });
    });
    expect(await rejection(svc.request("fail"))).toMatchObject({
      code: "REJECTED",
      details: { field: "name", seen: 5n },
    });
  });

  it("without details that cannot travel", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("fail", () => {
      throw Object.assign(new Error("broken"), { details: () => 1 });
    });
    const error = await rejection(svc.request("fail"));
    expect(error).toEqual(isTroupeError("REJECTED", "broken"));
    expect(error).toMatchObject({ details: undefined });
  });

  it("or with the code of the TroupeError that it throws, of those that are a handler's to give", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest<"NOT_ALLOWED">("fail", (ctx) => {
      throw new TroupeError(ctx.data, "says the handler");
    });
    for (const code of ["NOT_ALLOWED", "OVERLOADED", "LIMIT", "NO_EVENT"] as const) {
      expect(await rejection(svc.request("fail", code))).toEqual(isTroupeError(code, "says"));
    }
    for (const code of ["CLOSED", "DISCONNECTED", "WRONG_PEER"] as const) {
      expect(await rejection(svc.request("fail", code))).toEqual(isTroupeError("REJECTED", "says"));
    }
  });

  it("cut to 4 KiB when its message is endless", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("fail", () => {
      throw new Error("é".repeat(1_000_000));
    });
    const error = await rejection(svc.request("fail"));
    expect(error).toEqual(isTroupeError("REJECTED", "é".repeat(2048)));
  });
});

describe("a handler of a request that answers", () => {
  it("nothing answers null", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("nothing", () => undefined);
    server.role("svc").onRequest("later", async () => undefined);
    expect((await svc.request("nothing")).data).toBeNull();
    expect((await svc.request("later")).data).toBeNull();
  });

  it("by callback answers with its second argument, or fails with its first", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest<boolean>("call", (ctx, answer) => {
      setImmediate(() => (ctx.data ? answer(null, "data") : answer(new Error("error"))));
    });
    expect((await svc.request("call", true)).data).toBe("data");
    expect(await rejection(svc.request("call", false))).toEqual(isTroupeError("REJECTED", "error"));
  });

  it("twice answers once", async () => {
    const { server, client, svc } = await served();
    server.role("svc").onRequest("twice", (_ctx, answer) => {
      answer(null, "first");
      answer(null, "second");
      answer(new Error("third"));
      return "fourth";
    });
    for (let i = 0; i < 3; i++) expect((await svc.request("twice")).data).toBe("first");
    await expectServed(svc);
    expect(client.units).toHaveLength(1);
  });

  it("by callback and then fails has answered", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("both", async (_ctx, answer) => {
      answer(null, "first");
      await sleep(1);
      throw new Error("too late");
    });
    expect((await svc.request("both")).data).toBe("first");
    await sleep(5);
    await expectServed(svc);
  });

  it.each<[string, () => unknown]>([
    ["a function", () => () => 1],
    ["a symbol", () => Symbol("no")],
    ["an object with a function within", () => ({ a: { b: () => 1 } })],
    [
      "an object that fails to be read",
      () => ({
        get a() {
          throw new Error("no");
        },
      }),
    ],
  ])("what cannot be encoded, like %s, is BAD_PAYLOAD for its caller", async (_what, answer) => {
    const { server, svc } = await served();
    server.role("svc").onRequest("odd", answer);
    server.role("svc").onRequest("odd by callback", (_ctx, reply) => reply(null, answer()));
    server.role("svc").onRequest("odd later", async () => answer());
    for (const event of ["odd", "odd by callback", "odd later"]) {
      expect(await rejection(svc.request(event))).toEqual(
        isTroupeError("BAD_PAYLOAD", "the handler's answer cannot be sent"),
      );
    }
    await expectServed(svc);
  });
});

describe("a handler of a message that fails", () => {
  it.each<[string, () => unknown]>([
    [
      "by throwing",
      () => {
        throw new Error("broken");
      },
    ],
    ["by rejecting", () => Promise.reject(new Error("broken"))],
    ["with something that is no error", () => Promise.reject("broken")],
  ])("%s is told to the log of its own peer, and to nobody else", async (_how, handler) => {
    const { server, client, svc, logger } = await served();
    const theirs = new Log();
    const other = newPeer({ logger: theirs });
    await other.connect(addressOf(server));
    server.role("svc").onMessage("fail", handler);
    other.destination("svc").send("fail");
    await expectServed(other.destination("svc"));
    await expect.poll(() => logger.errors).toEqual([expect.stringMatching(/svc\/fail.*broken/)]);
    expect(theirs).toEqual(new Log());
    expect(client.units).toHaveLength(1);
    await expectServed(svc);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { Log, pair, rejection } from "../support/mesh.ts";

describe("middleware runs in order: data of the peer, kind of the peer, data of the role, kind of the role, event", () => {
  it("for a request, whatever was registered first", async () => {
    const { server, client } = await pair();
    const order: string[] = [];
    const note = (what: string) => (): void => void order.push(what);
    const role = server.role("svc");
    role.onRequest("do", () => {
      order.push("event");
      return order.join(", ");
    });
    role.onRequest(note("role request"));
    role.onMessage(note("role message"));
    role.onData(note("role data"));
    server.onRequest(note("peer request"));
    server.onMessage(note("peer message"));
    server.onData(note("peer data"));
    const svc = await client.destination("svc").whenReady();
    const { data } = await svc.request("do");
    expect(data).toBe("peer data, peer request, role data, role request, event");
  });

  it("for a message, with what is for messages", async () => {
    const { server, client } = await pair();
    const order: string[] = [];
    const note = (what: string) => (): void => void order.push(what);
    const role = server.role("svc");
    role.onMessage("do", note("event"));
    role.onMessage(note("role message"));
    role.onRequest(note("role request"));
    role.onData(note("role data"));
    server.onMessage(note("peer message"));
    server.onRequest(note("peer request"));
    server.onData(note("peer data"));
    const svc = await client.destination("svc").whenReady();
    svc.send("do");
    await expect.poll(() => order.length).toBe(5);
    expect(order).toEqual(["peer data", "peer message", "role data", "role message", "event"]);
  });

  it("and middleware of one role does not see calls to another", async () => {
    const { server, client } = await pair();
    server.role("guarded").onRequest(() => Promise.reject(new Error("no entry")));
    server.role("open").onRequest("do", () => "done");
    const open = await client.destination("open").whenReady();
    expect((await open.request("do")).data).toBe("done");
  });
});

describe("middleware of a request", () => {
  it("may replace what came, and what is answered", async () => {
    const { server, client } = await pair();
    server.onRequest<string>(async (ctx) => {
      ctx.data = ctx.data.toUpperCase();
      await ctx.next();
      ctx.response = `${String(ctx.response)}!`;
    });
    server.role("echo").onRequest("echo", async (ctx) => {
      await sleep(1);
      return ctx.data;
    });
    const echo = await client.destination("echo").whenReady();
    const { data } = await echo.request("echo", "hello");
    expect(data).toBe("HELLO!");
  });

  it("leaves the bytes that came as they were", async () => {
    const { server, client } = await pair();
    server.onData((ctx: Context) => {
      ctx.data = "something else";
    });
    server
      .role("echo")
      .onRequest("raw", (ctx) => `${ctx.origin.type} ${Buffer.from(ctx.origin.raw).toString()}`);
    const echo = await client.destination("echo").whenReady();
    expect((await echo.request("raw", "hello")).data).toBe("string hello");
  });

  it("that throws later is an answer, and not an unhandled rejection", async () => {
    const { server, client } = await pair();
    server.onRequest(async () => {
      await sleep(1);
      throw new Error("not today");
    });
    server.role("echo").onRequest("echo", (ctx) => ctx.data);
    const echo = await client.destination("echo").whenReady();
    expect(await rejection(echo.request("echo"))).toEqual(isTroupeError("REJECTED", "not today"));
  });

  it("sees to events that have no handler of their own: it is a catch-all", async () => {
    const { server, client } = await pair();
    server.role("any").onRequest((ctx) => `caught ${ctx.event}`);
    const any = await client.destination("any").whenReady();
    expect((await any.request("whatever")).data).toBe("caught whatever");
  });

  it("of the peer alone is a catch-all, too", async () => {
    const { server, client } = await pair();
    server.role("any");
    server.onRequest((ctx) => `caught ${ctx.role}/${ctx.event}`);
    const any = await client.destination("any").whenReady();
    expect((await any.request("whatever")).data).toBe("caught any/whatever");
  });

  it("that answers nothing leaves an unknown event unknown", async () => {
    const { server, client } = await pair();
    server.role("any").onRequest(() => undefined);
    const any = await client.destination("any").whenReady();
    expect(await rejection(any.request("whatever"))).toEqual(isTroupeError("NO_EVENT"));
  });
});

describe("a message", () => {
  it("is heard by every handler of its event, whatever the others return or throw", async () => {
    const logger = new Log();
    const { server, client } = await pair({ logger });
    const heard: string[] = [];
    const role = server.role("svc");
    role.onMessage("do", () => heard.push("first"));
    role.onMessage("do", () => {
      heard.push("second");
      throw new Error("of the second");
    });
    role.onMessage("do", () => {
      heard.push("third");
      return new Promise(() => {});
    });
    role.onMessage("do", () => void heard.push("fourth"));
    const svc = await client.destination("svc").whenReady();
    svc.send("do");
    await expect.poll(() => heard).toEqual(["first", "second", "third", "fourth"]);
    expect(logger.errors).toEqual([expect.stringContaining("of the second")]);
  });

  it("goes on past middleware that returns something, and stops at middleware that throws", async () => {
    const logger = new Log();
    const { server, client } = await pair({ logger });
    const heard: unknown[] = [];
    server.onMessage(() => "this is no answer");
    server.onMessage(async (ctx) => {
      await sleep(1);
      if (ctx.data === "bad") throw new Error("not this one");
    });
    server.role("svc").onMessage("do", (ctx) => heard.push(ctx.data));
    server.role("svc").onMessage("do", (ctx) => heard.push(ctx.data));
    const svc = await client.destination("svc").whenReady();
    svc.send("do", "bad");
    svc.send("do", "good");
    await expect.poll(() => heard).toEqual(["good", "good"]);
    expect(logger.errors).toEqual([expect.stringContaining("not this one")]);
  });

  it("lets middleware that awaits ctx.next() go on when it has been heard", async () => {
    const { server, client } = await pair();
    const order: string[] = [];
    server.onData(async (ctx) => {
      await ctx.next();
      order.push("middleware");
    });
    server.role("svc").onMessage("do", async () => {
      await sleep(1);
      order.push("handler");
    });
    const svc = await client.destination("svc").whenReady();
    svc.send("do");
    await expect.poll(() => order).toEqual(["handler", "middleware"]);
  });

  it("that nobody handles is dropped without a word", async () => {
    const logger = new Log();
    const { server, client } = await pair({ logger });
    server.onMessage(() => undefined);
    server.role("svc").onRequest("ping", () => "pong");
    const svc = await client.destination("svc").whenReady();
    svc.send("do");
    expect((await svc.request("ping")).data).toBe("pong");
    expect(logger.errors).toEqual([]);
  });
});

import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { type Context, TroupeError } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { signal, turn } from "../support/mesh.ts";
import { expectServed } from "./served.ts";
import { content, expectIdle, Fate, failureOf, handle, KINDS, open, stage } from "./streams.ts";

describe.each(KINDS)("a %s that is refused fails like a request, and leaves nothing:", (kind) => {
  it("NO_EVENT, where the role has no handler for it", async () => {
    const { svc, ...units } = await stage();
    const fate = new Fate(open(svc, kind, "nothing"));
    await fate.closed;
    expect(fate.events).toEqual(["error", "close"]);
    expect(fate.error).toEqual(isTroupeError("NO_EVENT", "nothing"));
    await expectIdle(units);
    await expectServed(svc);
  });

  it("NO_EVENT, where only another kind is handled", async () => {
    const { server, svc } = await stage();
    const role = server.role("svc");
    if (kind !== "readable") role.onWritable("get", () => {});
    if (kind !== "writable") role.onReadable("get", () => {});
    if (kind !== "duplex") role.onDuplex("get", () => {});
    expect(await failureOf(open(svc, kind, "get"))).toEqual(isTroupeError("NO_EVENT"));
  });

  it("NOT_ALLOWED, where the role is for others", async () => {
    const { server, svc } = await stage();
    server.role("svc", { allow: [server.id] });
    let reached = 0;
    handle(server, "get", () => reached++);
    expect(await failureOf(open(svc, kind, "get"))).toEqual(isTroupeError("NOT_ALLOWED"));
    expect(reached).toBe(0);
  });

  it("ROLE_DISABLED, where it was disabled meanwhile", async () => {
    const { server, svc, ...units } = await stage();
    handle(server, "get", () => {});
    server.role("svc").disable(); // the other side hears of it later
    expect(await failureOf(open(svc, kind, "get"))).toEqual(isTroupeError("ROLE_DISABLED"));
    await expectIdle(units);
  });

  it("what the handler throws: message and details", async () => {
    const { server, svc, ...units } = await stage();
    handle(server, "get", () => {
      throw Object.assign(new Error("no such file"), { details: { name: "x.txt" } });
    });
    const error = await failureOf(open(svc, kind, "get"));
    expect(error).toEqual(isTroupeError("REJECTED", "no such file"));
    expect(error.details).toEqual({ name: "x.txt" });
    await expectIdle(units);
  });

  it("what the handler rejects with, code included", async () => {
    const { server, svc } = await stage();
    handle(server, "get", () =>
      Promise.reject(new TroupeError("NOT_ALLOWED", "not you", { details: 5 })),
    );
    const error = await failureOf(open(svc, kind, "get"));
    expect(error).toEqual(isTroupeError("NOT_ALLOWED", "not you"));
    expect(error.details).toBe(5);
  });

  it("REJECTED, when the handler throws nothing at all", async () => {
    const { server, svc } = await stage();
    handle(server, "get", () => Promise.reject());
    expect(await failureOf(open(svc, kind, "get"))).toEqual(isTroupeError("REJECTED"));
  });

  it("BAD_PAYLOAD, when the answer cannot be sent", async () => {
    const { server, svc } = await stage();
    handle(server, "get", () => () => {});
    expect(await failureOf(open(svc, kind, "get"))).toEqual(isTroupeError("BAD_PAYLOAD"));
  });

  it("not for returning a stream, as pipe() does", async () => {
    const { server, svc } = await stage();
    handle(server, "get", (end) => end);
    const accepted = signal<Context>();
    const end = open(svc, kind, "get", null, { onAccept: accepted.fire });
    expect((await accepted.promise).data).toBe(null);
    end.destroy();
  });

  it("TIMEOUT, when it is not taken in time, and the handler's end closes", async () => {
    const { server, svc, ...units } = await stage();
    const reached = signal<Fate>();
    const aborted = signal();
    handle(server, "get", (end, ctx) => {
      ctx.signal.addEventListener("abort", () => aborted.fire());
      reached.fire(new Fate(end));
      return new Promise(() => {});
    });
    const fate = new Fate(open(svc, kind, { event: "get", timeout: 20 }));
    await fate.closed;
    expect(fate.events).toEqual(["error", "close"]);
    expect(fate.error).toEqual(isTroupeError("TIMEOUT", "within 20 ms"));
    await (await reached.promise).closed;
    await aborted.promise;
    await expectIdle(units);
  });

  it("CANCELLED, when its signal aborts before it is taken, and the handler's end closes", async () => {
    const { server, svc, ...units } = await stage();
    const reached = signal<Fate>();
    const aborted = signal();
    handle(server, "get", (end, ctx) => {
      ctx.signal.addEventListener("abort", () => aborted.fire());
      reached.fire(new Fate(end));
      return new Promise(() => {});
    });
    const abort = new AbortController();
    const fate = new Fate(open(svc, kind, { event: "get", signal: abort.signal }));
    const theirs = await reached.promise;
    abort.abort(new Error("changed my mind"));
    await fate.closed;
    expect(fate.error).toEqual(isTroupeError("CANCELLED"));
    expect(fate.error).toMatchObject({ cause: abort.signal.reason });
    await theirs.closed;
    expect(theirs.error).toEqual(isTroupeError("CANCELLED"));
    await aborted.promise;
    await expectIdle(units);
  });

  it("CANCELLED, when its signal has aborted before it is opened: nobody is asked", async () => {
    const { server, svc, there } = await stage();
    let reached = 0;
    handle(server, "get", () => reached++);
    const fate = new Fate(open(svc, kind, { event: "get", signal: AbortSignal.abort() }));
    expect(there.load).toBe(0);
    await fate.closed;
    expect(fate.error).toEqual(isTroupeError("CANCELLED"));
    await expectServed(svc);
    expect(reached).toBe(0);
  });
});

describe.each(KINDS)("a %s that is taken", (kind) => {
  it("has no timeout any more", async () => {
    const { server, svc } = await stage();
    const reached = signal<Fate>();
    handle(server, "get", (end) => reached.fire(new Fate(end)));
    const end = open(svc, kind, { event: "get", timeout: 30 });
    const theirs = await reached.promise;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([end.destroyed, theirs.end.destroyed]).toEqual([false, false]);
  });

  it("is cancelled by its signal all the same: both ends close, and the handler's signal aborts", async () => {
    const { server, svc, ...units } = await stage();
    const aborted = signal();
    const reached = signal<Fate>();
    handle(server, "get", (end, ctx) => {
      ctx.signal.addEventListener("abort", () => aborted.fire());
      reached.fire(new Fate(end));
      return "taken";
    });
    const abort = new AbortController();
    const accepted = signal<Context>();
    const target = { event: "get", signal: abort.signal };
    const fate = new Fate(open(svc, kind, target, null, { onAccept: accepted.fire }));
    expect((await accepted.promise).data).toBe("taken");
    abort.abort();
    await fate.closed;
    expect(fate.error).toEqual(isTroupeError("CANCELLED"));
    const theirs = await reached.promise;
    await theirs.closed;
    expect(theirs.error).toEqual(isTroupeError("CANCELLED"));
    expect([fate.count("error"), theirs.count("error")]).toEqual([1, 1]);
    await aborted.promise;
    await expectIdle(units);
  });

  it("and over hears nothing of its signal any more", async () => {
    const { server, svc, ...units } = await stage();
    handle(server, "get", (end) => {
      if ("end" in end) end.end("x");
      if ("resume" in end) end.resume();
    });
    const abort = new AbortController();
    const end = open(svc, kind, { event: "get", signal: abort.signal });
    const fate = new Fate(end);
    if ("end" in end) end.end("x");
    if ("resume" in end) end.resume();
    await fate.closed;
    await expectIdle(units);
    abort.abort();
    await turn();
    expect(fate.count("error")).toBe(0);
    expect(fate.count("close")).toBe(1);
  });
});

describe("a writable that has nothing to say but its end", () => {
  it("fails when it is refused, and has finished only when it is taken", async () => {
    const { server, svc, ...units } = await stage();
    const refused = new Fate(svc.writable("nothing").end());
    await refused.closed;
    expect(refused.events).toEqual(["error", "close"]);
    expect(refused.error).toEqual(isTroupeError("NO_EVENT"));

    const reached = signal();
    server.role("svc").onReadable("never", () => {
      reached.fire();
      return new Promise(() => {});
    });
    const waiting = new Fate(svc.writable("never").end());
    await reached.promise;
    expect(waiting.events).toEqual([]);
    waiting.end.destroy();
    await expectIdle(units);
  });
});

describe("a stream that cannot be opened", () => {
  it("throws where it is opened: NO_UNITS, BAD_ARGUMENT, BAD_PAYLOAD, CLOSED", async () => {
    const { client, svc } = await stage({ limits: { messageBytes: 1000 } });
    const nobody = client.destination("nobody");
    for (const kind of KINDS) {
      expect(() => open(nobody, kind, "get")).toThrow(isTroupeError("NO_UNITS"));
      expect(() => open(svc, kind, "get", () => {})).toThrow(isTroupeError("BAD_PAYLOAD"));
      for (const bad of [{ event: 5 }, { event: "get", timeout: 0 }]) {
        expect(() => open(svc, kind, bad as never)).toThrow(isTroupeError("BAD_ARGUMENT"));
      }
      expect(() => open(svc, kind, "get", null, { highWaterMark: -1 })).toThrow(
        isTroupeError("BAD_ARGUMENT", "highWaterMark"),
      );
      expect(() => open(svc, kind, "get", content(1001))).toThrow(isTroupeError("BAD_PAYLOAD"));
    }
    await client.close();
    for (const kind of KINDS) {
      expect(() => open(svc, kind, "get")).toThrow(isTroupeError("CLOSED"));
    }
  });
});

describe("a handler that has taken a stream and throws afterwards fails it with its message:", () => {
  it("when it writes", async () => {
    const { server, svc, ...units } = await stage();
    const go = signal();
    server.role("svc").onWritable("get", async (ctx) => {
      ctx.writable.write("a part");
      await go.promise;
      throw new Error("the disk is gone");
    });
    const readable = svc.readable("get");
    await once(readable, "data");
    go.fire();
    expect(await failureOf(readable)).toEqual(isTroupeError("REJECTED", "the disk is gone"));
    await expectIdle(units);
  });

  it.each(["writable", "duplex"] as const)("within `for await`, of a %s", async (kind) => {
    const { server, svc, ...units } = await stage();
    handle(server, "put", async (end) => {
      for await (const chunk of end as Readable) throw new Error(`what is ${String(chunk)}?`);
    });
    const end = open(svc, kind, "put") as Writable;
    end.write("this");
    expect(await failureOf(end)).toEqual(isTroupeError("REJECTED", "what is this?"));
    await expectIdle(units);
  });
});

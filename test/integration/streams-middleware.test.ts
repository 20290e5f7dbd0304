import { once } from "node:events";
import type { Context } from "troupe";
import { TroupeError } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { signal } from "../support/mesh.ts";
import { digest, expectIdle, failureOf, handle, KINDS, open, stage } from "./streams.ts";

it.each(KINDS)(
  "middleware of a %s runs in order: data and kind of the peer, of the role, event",
  async (kind) => {
    const { server, svc } = await stage();
    const order: string[] = [];
    const note = (what: string) => (): void => void order.push(what);
    const role = server.role("svc");
    handle(server, "do", () => {
      order.push("event");
      return order.join(", ");
    });
    for (const [name, each] of [
      ["role", role],
      ["peer", server],
    ] as const) {
      each.onReadable(note(`${name} writable`)); // what this side reads the other one writes
      each.onWritable(note(`${name} readable`));
      each.onDuplex(note(`${name} duplex`));
      each.onRequest(note(`${name} request`));
      each.onData(note(`${name} data`));
    }
    const accepted = signal<Context>();
    open(svc, kind, "do", null, { onAccept: accepted.fire });
    expect((await accepted.promise).data).toBe(
      `peer data, peer ${kind}, role data, role ${kind}, event`,
    );
  },
);

describe("middleware of a stream", () => {
  it("may refuse it: the handler does not run", async () => {
    const { server, svc, ...units } = await stage();
    let reached = 0;
    server.onWritable((ctx) => {
      if (ctx.metadata["token"] !== "secret") throw new TroupeError("NOT_ALLOWED", "who are you?");
    });
    server.role("svc").onWritable("get", (ctx) => {
      reached++;
      ctx.writable.end("yours");
    });
    expect(await failureOf(svc.readable("get"))).toEqual(isTroupeError("NOT_ALLOWED", "who are"));
    expect(reached).toBe(0);
    const target = { event: "get", metadata: { token: "secret" } };
    expect((await digest(svc.readable(target))).bytes).toBe(5);
    await expectIdle(units);
  });

  it("may take it by an answer of its own, and handle events that have no handler", async () => {
    const { server, svc } = await stage();
    server.role("svc").onWritable((ctx, answer) => {
      answer(null, `all of ${ctx.event}`);
      ctx.writable.end(ctx.event);
    });
    const accepted = signal<Context>();
    const readable = svc.readable("whatever", null, { onAccept: accepted.fire });
    expect(String(await once(readable, "data"))).toBe("whatever");
    expect((await accepted.promise).data).toBe("all of whatever");
  });

  it("waits in ctx.next() until the stream is taken, and may replace the answer", async () => {
    const { server, svc } = await stage();
    const [seen, go] = [signal<unknown>(), signal()];
    server.onWritable(async (ctx) => {
      await ctx.next();
      seen.fire(ctx.response);
      ctx.response = "from outside";
    });
    server.role("svc").onWritable("get", async (ctx) => {
      await go.promise;
      setImmediate(() => ctx.writable.end("bytes"));
      return "from inside";
    });
    const accepted = signal<Context>();
    const readable = svc.readable("get", null, { onAccept: accepted.fire });
    go.fire();
    expect(await seen.promise).toBe("from inside");
    expect((await accepted.promise).data).toBe("from outside");
    expect((await digest(readable)).bytes).toBe(5);
  });

  it("sees there why it is refused, and may replace that", async () => {
    const { server, svc } = await stage();
    server.onDuplex(async (ctx) => {
      await ctx.next();
      ctx.error = new TroupeError("OVERLOADED", `later: ${String(ctx.error)}`);
    });
    server.role("svc").onDuplex("talk", () => Promise.reject(new Error("not now")));
    const error = await failureOf(svc.duplex("talk"));
    expect(error).toEqual(isTroupeError("OVERLOADED", "later: Error: not now"));
  });

  it("has the stream itself, and may put something before it", async () => {
    const { server, svc } = await stage();
    server.role("svc").onWritable((ctx) => void ctx.writable.write("header,"));
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end("body"));
    const chunks: unknown[] = [];
    for await (const chunk of svc.readable("get")) chunks.push(String(chunk));
    expect(chunks.join("")).toBe("header,body");
  });
});

import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, next, signal, UNRESUMED } from "../support/mesh.ts";
import { expectServed } from "./served.ts";
import {
  content,
  cuttable,
  digest,
  expectIdle,
  Fate,
  hashOf,
  KINDS,
  open,
  stage,
} from "./streams.ts";

describe("close() of a peer", () => {
  it.each(["handles", "has opened"])("lets a stream run to its end that it %s", async (which) => {
    const { server, client, svc } = await stage();
    const [reached, go] = [signal(), signal()];
    server.role("svc").onWritable("get", async (ctx) => {
      ctx.writable.write("begun,");
      reached.fire();
      await go.promise;
      ctx.writable.end("done");
    });
    const reading = digest(svc.readable("get"));
    await reached.promise;
    let closed = false;
    const closing = (which === "handles" ? server : client).close().then(() => {
      closed = true;
    });
    if (which === "handles") await next(svc, "close");
    expect(closed).toBe(false);
    go.fire();
    expect(await reading).toEqual({ bytes: 10, hash: hashOf(Buffer.from("begun,done")) });
    await closing;
  });

  it.each(KINDS)("ends a %s that goes on at its timeout, at both ends", async (kind) => {
    const { server, svc, there } = await stage();
    const reached = signal<Fate>();
    const role = server.role("svc");
    role.onReadable("talk", (ctx) => reached.fire(new Fate(ctx.readable)));
    role.onWritable("talk", (ctx) => reached.fire(new Fate(ctx.writable)));
    role.onDuplex("talk", (ctx) => reached.fire(new Fate(ctx.duplex)));
    const ours = new Fate(open(svc, kind, "talk"));
    const theirs = await reached.promise;
    const begun = performance.now();
    await server.close({ timeout: 60 });
    expect(performance.now() - begun).toBeGreaterThan(55);
    await Promise.all([ours.closed, theirs.closed]);
    expect(theirs.error).toEqual(isTroupeError("CLOSED"));
    expect(ours.error).toEqual(isTroupeError("DISCONNECTED", "CLOSED"));
    expect(there.load).toBe(0);
  });

  it("with a timeout of 0 waits for no stream", async () => {
    const { client, server, svc } = await stage();
    const reached = signal();
    server.role("svc").onDuplex("talk", () => reached.fire());
    const fate = new Fate(svc.duplex("talk"));
    await reached.promise;
    await client.close({ timeout: 0 });
    await fate.closed;
    expect(fate.error).toEqual(isTroupeError("CLOSED"));
  });
});

describe("a stream that runs", () => {
  it("goes on when its role is disabled, and new ones are refused", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onDuplex("echo", async (ctx) => {
      for await (const chunk of ctx.duplex) ctx.duplex.write(chunk);
      ctx.duplex.end();
    });
    const duplex = svc.duplex("echo");
    duplex.write("before");
    expect(String(await once(duplex, "data"))).toBe("before");
    server.role("svc").disable();
    await expect.poll(() => svc.ready).toBe(false);
    expect(() => svc.duplex("echo")).toThrow(isTroupeError("NO_UNITS"));
    duplex.write("after");
    expect(String(await once(duplex, "data"))).toBe("after");
    duplex.end();
    await once(duplex, "end");
    await expectIdle(units);
  });

  it("goes on, both ways, when its channel is lost and another one carries on", async () => {
    const { server, svc, proxy, ...units } = await cuttable();
    server.role("svc").onDuplex("echo", async (ctx) => {
      for await (const chunk of ctx.duplex) ctx.duplex.write(chunk);
      ctx.duplex.end();
    });
    const duplex = svc.duplex("echo");
    const heard = digest(duplex);
    const [suspended, resumed] = [next(units.there, "suspend"), next(units.there, "resume")];
    duplex.write(content(10_000, 1));
    proxy.last.cut();
    await suspended;
    duplex.write(content(10_000, 2));
    await resumed;
    duplex.end(content(10_000, 3));
    const all = Buffer.concat([1, 2, 3].map((seed) => content(10_000, seed)));
    expect(await heard).toEqual({ bytes: all.length, hash: hashOf(all) });
    await expectIdle(units);
  });

  it("goes on when another connection to the same unit is lost", async () => {
    const { server, client, svc, proxy } = await cuttable(UNRESUMED);
    const go = signal();
    server.role("svc").onWritable("get", async (ctx) => {
      ctx.writable.write("1");
      await go.promise;
      ctx.writable.end(content(1000));
    });
    await client.connect(addressOf(server), { permanent: false });
    const readables = [svc.readable("get"), svc.readable("get")];
    const fates = readables.map((readable) => new Fate(readable));
    await Promise.all(readables.map((readable) => once(readable, "readable")));
    const [unit] = client.units;
    expect(unit?.connections.map(({ load }) => load)).toEqual([1, 1]);
    proxy.last.cut();
    await Promise.any(fates.map(({ closed }) => closed));
    go.fire();
    for (const readable of readables) readable.resume();
    await Promise.all(fates.map(({ closed }) => closed));
    const errors = fates.map(({ error }) => error).filter((error) => error !== undefined);
    expect(errors).toEqual([isTroupeError("DISCONNECTED")]);
    await expectServed(svc);
  });
});

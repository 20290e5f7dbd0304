import { once } from "node:events";
import type { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { turn } from "../support/mesh.ts";
import { expectServed } from "./served.ts";
import { content, digest, expectIdle, Fate, failureOf, hashOf, stage } from "./streams.ts";

const KIB = 1024;

describe("a thousand streams at once on one connection", () => {
  it("all come through whole, none gets another's bytes, and requests go on", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onWritable<number>("get", (ctx) => {
      ctx.writable.end(content(KIB + ctx.data * 4, ctx.data + 1));
    });
    const got: Promise<{ hash: string }>[] = [];
    for (let i = 0; i < 1000; i++) got.push(digest(svc.readable("get", i)));
    expect(units.there.load).toBe(1000);
    await expectServed(svc);
    for (const [i, { hash }] of (await Promise.all(got)).entries()) {
      expect(hash).toBe(hashOf(content(KIB + i * 4, i + 1)));
    }
    await expectIdle(units);
  });

  it("take turns: none is left behind while others get all they want", async () => {
    const { server, svc, ...units } = await stage();
    const size = 1024 * KIB;
    const chunk = Buffer.alloc(size, content(KIB));
    const taken: (() => void)[] = [];
    server.role("svc").onWritable("get", (ctx) => {
      taken.push(() => void ctx.writable.end(chunk));
      if (taken.length === 40) for (const begin of taken) begin();
      return "taken";
    });
    const bytes = new Array<number>(40).fill(0);
    let leastAtFirstEnd: number | undefined;
    const ends = bytes.map(async (_, i) => {
      const readable = svc.readable("get");
      readable.on("data", (part: Buffer) => {
        bytes[i] = (bytes[i] ?? 0) + part.length;
      });
      await once(readable, "end");
      leastAtFirstEnd ??= Math.min(...bytes);
    });
    await Promise.all(ends);
    expect(bytes.every((count) => count === size)).toBe(true);
    expect(leastAtFirstEnd).toBeGreaterThan(size / 2);
    await expectIdle(units);
  });
});

it("a small stream that comes late does not wait for large ones", async () => {
  const { server, svc, ...units } = await stage();
  const size = 4 * 1024 * KIB;
  server
    .role("svc")
    .onWritable<number>("get", (ctx) => void ctx.writable.end(Buffer.alloc(ctx.data)));
  let bytes = 0;
  const large = Array.from({ length: 6 }, () => {
    const readable = svc.readable("get", size);
    readable.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    return readable;
  });
  const ended = Promise.all(large.map((readable) => once(readable, "end")));
  await once(large[0] as Readable, "data");
  await digest(svc.readable("get", 100));
  expect(bytes).toBeLessThan(3 * size);
  await ended;
  expect(bytes).toBe(6 * size);
  await expectIdle(units);
});

describe("more streams than the other side takes", () => {
  it("are OVERLOADED where they are opened, until some are over", async () => {
    const { server, svc, ...units } = await stage({ limits: { streams: 3 } });
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.write("x"));
    const open = [1, 2, 3].map(() => svc.readable("get"));
    await Promise.all(open.map((readable) => once(readable, "data")));
    expect(() => svc.readable("get")).toThrow(isTroupeError("OVERLOADED", "3 streams"));
    expect(() => svc.duplex("get")).toThrow(isTroupeError("OVERLOADED"));
    await expectServed(svc);
    open[1]?.destroy();
    const again = svc.readable("get");
    expect(String(await once(again, "data"))).toBe("x");
    for (const readable of [...open, again]) readable.destroy();
    await expectIdle(units);
  });

  it("are bounded for each side by itself", async () => {
    const { server, client, svc } = await stage({ limits: { streams: 1 } });
    for (const peer of [server, client]) {
      peer.role("svc").onWritable("get", (ctx) => void ctx.writable.write("x"));
    }
    const back = await server.destination("svc").whenReady();
    await once(svc.readable("get"), "data");
    expect(() => svc.readable("get")).toThrow(isTroupeError("OVERLOADED"));
    await once(back.readable("get"), "data");
    expect(() => back.readable("get")).toThrow(isTroupeError("OVERLOADED"));
  });

  it("are refused by it while what others brought lies there unread, and taken when it is read", async () => {
    const { server, svc, ...units } = await stage({ limits: { streams: 2 } });
    const unread: Readable[] = [];
    server.role("svc").onReadable("put", (ctx) => {
      unread.push(ctx.readable);
      return "taken, and not read yet";
    });
    for (let i = 0; i < 2; i++) {
      const fate = new Fate(svc.writable("put"));
      if ("end" in fate.end) fate.end.end("something");
      await fate.closed;
    }
    await expectIdle(units);
    expect(await failureOf(svc.writable("put"))).toEqual(isTroupeError("OVERLOADED", "2 streams"));
    for (const readable of unread) expect((await digest(readable)).bytes).toBe(9);
    await turn();
    const writable = svc.writable("put");
    writable.end("more");
    await once(writable, "close");
    await expect.poll(() => unread.length).toBe(3);
  });
});

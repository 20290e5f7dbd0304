import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import type { Context } from "troupe";
import { describe, expect, it } from "vitest";
import { signal } from "../support/mesh.ts";
import { content, digest, expectIdle, Fate, hashOf, stage } from "./streams.ts";

const MIB = 1024 * 1024;

describe("a stream brings every byte once, in order:", () => {
  /** Chunks of all sizes, from none at all to several windows. */
  const sizes = [1, 0, 100, 65_535, 0, 65_536, 65_537, 1000, 3 * MIB, 1, 262_144];
  const chunks = sizes.map((size, i) => content(size, i + 1));
  const expected = { bytes: sizes.reduce((a, b) => a + b), hash: hashOf(Buffer.concat(chunks)) };

  it("a readable, from its handler", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onWritable("get", (ctx) => {
      for (const chunk of chunks) ctx.writable.write(chunk);
      ctx.writable.end();
    });
    expect(await digest(svc.readable("get"))).toEqual(expected);
    await expectIdle(units);
  });

  it("a writable, to its handler", async () => {
    const { server, svc, ...units } = await stage();
    const read = signal<unknown>();
    server.role("svc").onReadable("put", async (ctx) => read.fire(await digest(ctx.readable)));
    const writable = svc.writable("put");
    for (const chunk of chunks) writable.write(chunk);
    writable.end();
    expect(await read.promise).toEqual(expected);
    await expectIdle(units);
  });

  it("a duplex, both ways at once", async () => {
    const { server, svc, ...units } = await stage();
    const read = signal<unknown>();
    server.role("svc").onDuplex("swap", async (ctx) => {
      for (const chunk of chunks.toReversed()) ctx.duplex.write(chunk);
      ctx.duplex.end();
      read.fire(await digest(ctx.duplex));
    });
    const duplex = svc.duplex("swap");
    for (const chunk of chunks) duplex.write(chunk);
    duplex.end();
    const hash = hashOf(Buffer.concat(chunks.toReversed()));
    expect(await digest(duplex)).toEqual({ ...expected, hash });
    expect(await read.promise).toEqual(expected);
    await expectIdle(units);
  });

  it("one without any byte", async () => {
    const { server, svc, ...units } = await stage();
    const read = signal<unknown>();
    server.role("svc").onReadable("put", async (ctx) => read.fire(await digest(ctx.readable)));
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end());
    const writable = svc.writable("put");
    const closed = new Fate(writable).closed;
    writable.write("");
    writable.end(new Uint8Array(0));
    const nothing = { bytes: 0, hash: hashOf(new Uint8Array(0)) };
    expect(await read.promise).toEqual(nothing);
    expect(await digest(svc.readable("get"))).toEqual(nothing);
    await closed;
    await expectIdle(units);
  });

  it("one chunk of 100 MiB, which is not copied as a whole", async () => {
    const { server, svc } = await stage();
    const chunk = Buffer.alloc(100 * MIB, content(MIB));
    const read = signal<number>();
    let wrong = 0;
    server.role("svc").onReadable("put", async (ctx) => {
      let at = 0;
      for await (const part of ctx.readable) {
        if (chunk.compare(part, 0, part.length, at, at + part.length) !== 0) wrong++;
        at += part.length;
      }
      read.fire(at);
    });
    const before = process.memoryUsage().arrayBuffers;
    svc.writable("put").end(chunk);
    expect(await read.promise).toBe(chunk.length);
    expect(wrong).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });
});

describe.each([0, 1, 40_000, 2 * MIB])("an end that buffers %i bytes", (highWaterMark) => {
  it("gets and sends everything, whatever the other one buffers", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onDuplex("echo", (ctx) => pipeline(ctx.duplex, ctx.duplex));
    const bytes = content(MIB / 2);
    const duplex = svc.duplex("echo", null, { highWaterMark });
    duplex.end(bytes);
    expect(await digest(duplex)).toEqual({ bytes: bytes.length, hash: hashOf(bytes) });
    await expectIdle(units);
  });
});

describe("each half of a duplex ends by itself:", () => {
  it("its opener ends, and still gets the answer to all of it", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onDuplex("count", async (ctx) => {
      const { bytes } = await digest(ctx.duplex);
      ctx.duplex.end(`${bytes} bytes`);
    });
    const duplex = svc.duplex("count");
    const fate = new Fate(duplex);
    duplex.end("12345");
    expect(String(await once(duplex, "data"))).toBe("5 bytes");
    await fate.closed;
    expect(fate.events).toEqual(["finish", "end", "close"]);
    await expectIdle(units);
  });

  it("its handler ends, and still gets what comes afterwards", async () => {
    const { server, svc, ...units } = await stage();
    const read = signal<unknown>();
    server.role("svc").onDuplex("first", async (ctx) => {
      ctx.duplex.end("done already");
      read.fire(await digest(ctx.duplex));
    });
    const duplex = svc.duplex("first");
    expect((await digest(duplex)).bytes).toBe(12);
    expect(duplex.destroyed).toBe(false);
    duplex.end("not yet");
    expect(await read.promise).toEqual({ bytes: 7, hash: hashOf(Buffer.from("not yet")) });
    await expectIdle(units);
  });
});

describe("a stream", () => {
  it("carries data and metadata to its handler, and an answer back", async () => {
    const { server, svc } = await stage();
    server.role("svc").onWritable<{ from: number }>("get", (ctx, answer) => {
      answer(null, `from ${ctx.data.from}, ${ctx.metadata["trace"]}, ${ctx.unit.name}`);
      ctx.writable.end();
    });
    const accepted = signal<Context>();
    const target = { event: "get", metadata: { trace: "t1" } };
    svc.readable(target, { from: 5 }, { onAccept: accepted.fire }).resume();
    const { data, unit, role, event, rtt } = await accepted.promise;
    expect({ data, unit: unit.name, role, event }).toEqual({
      data: "from 5, t1, client",
      unit: "server",
      role: "svc",
      event: "get",
    });
    expect(rtt).toBeGreaterThan(0);
  });

  it("is taken by its first use, before the handler has answered", async () => {
    const { server, svc } = await stage();
    const [taken, go] = [signal<Context>(), signal()];
    server.role("svc").onWritable("get", async (ctx) => {
      ctx.writable.write("early");
      await go.promise;
      ctx.writable.end();
      return "too late";
    });
    const readable = svc.readable("get", null, { onAccept: taken.fire });
    expect((await taken.promise).data).toBeNull();
    expect(String(await once(readable, "data"))).toBe("early");
    go.fire();
    await once(readable, "end");
  });

  it("counts as load on both sides until both its halves are over", async () => {
    const { server, svc, there, back } = await stage();
    const ended = signal();
    server.role("svc").onDuplex("talk", async (ctx) => {
      ctx.duplex.write("hello");
      await ended.promise;
      ctx.duplex.end();
    });
    const duplex = svc.duplex("talk");
    expect(there.load).toBe(1);
    duplex.end();
    await Promise.all([once(duplex, "data"), once(duplex, "finish")]);
    expect([there.load, back.load]).toEqual([1, 1]);
    ended.fire();
    await once(duplex.resume(), "close");
    await expectIdle({ there, back });
  });

  it("goes both ways between two peers at the same time, whoever dialled", async () => {
    const { server, client, svc, ...units } = await stage();
    client.role("svc").onWritable("get", (ctx) => void ctx.writable.end(content(MIB, 2)));
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end(content(MIB, 3)));
    const other = await server.destination("svc").whenReady();
    const [here, there] = await Promise.all([
      Promise.all(Array.from({ length: 5 }, () => digest(svc.readable("get")))),
      Promise.all(Array.from({ length: 5 }, () => digest(other.readable("get")))),
    ]);
    for (const { hash } of here) expect(hash).toBe(hashOf(content(MIB, 3)));
    for (const { hash } of there) expect(hash).toBe(hashOf(content(MIB, 2)));
    await expectIdle(units);
  });
});

import { once } from "node:events";
import { Readable, Transform, type Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { next, rejection, signal, UNRESUMED } from "../support/mesh.ts";
import {
  content,
  cuttable,
  digest,
  expectIdle,
  Fate,
  failureOf,
  hashOf,
  stage,
} from "./streams.ts";

const BYTES = content(1024 * 1024);
const WHOLE = { bytes: BYTES.length, hash: hashOf(BYTES) };

describe("pipeline()", () => {
  it("carries all, into a stream and out of one, and resolves", async () => {
    const { server, svc, ...units } = await stage();
    const stored: Buffer[] = [];
    const put = signal();
    server.role("svc").onReadable("put", async (ctx) => {
      await pipeline(ctx.readable, async (source) => {
        for await (const chunk of source) stored.push(chunk as Buffer);
      });
      put.fire();
    });
    server.role("svc").onWritable("get", (ctx) => pipeline(Readable.from(stored), ctx.writable));
    await pipeline(Readable.from([BYTES]), createGzip(), svc.writable("put"));
    await put.promise;
    const gunzip = createGunzip();
    const [got] = await Promise.all([digest(gunzip), pipeline(svc.readable("get"), gunzip)]);
    expect(got).toEqual(WHOLE);
    await expectIdle(units);
  });

  it("goes through a duplex and back", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onDuplex("gzip", (ctx) => pipeline(ctx.duplex, createGzip(), ctx.duplex));
    const gunzip = createGunzip();
    const [got] = await Promise.all([
      digest(gunzip),
      pipeline(Readable.from([BYTES]), svc.duplex("gzip"), gunzip),
    ]);
    expect(got).toEqual(WHOLE);
    await expectIdle(units);
  });

  it("goes through a duplex and back though its channel is lost on the way, three times", async () => {
    const { server, svc, proxy, ...units } = await cuttable();
    server.role("svc").onDuplex("gzip", (ctx) => pipeline(ctx.duplex, createGzip(), ctx.duplex));
    async function* cutting(): AsyncGenerator<Buffer> {
      const quarter = BYTES.length / 4;
      for (let at = 0; at < BYTES.length; at += quarter) {
        yield BYTES.subarray(at, at + quarter);
        if (at === 0) continue;
        const resumed = next(units.there, "resume");
        proxy.last.cut();
        await resumed;
      }
    }
    const gunzip = createGunzip();
    const [got] = await Promise.all([
      digest(gunzip),
      pipeline(cutting, svc.duplex("gzip"), gunzip),
    ]);
    expect(got).toEqual(WHOLE);
    expect(proxy.links).toHaveLength(4);
    await expectIdle(units);
  });

  it("tells the other side what failed before the stream, and behind it", async () => {
    const { server, svc, ...units } = await stage();
    const broken = (): Transform =>
      new Transform({ transform: (_chunk, _encoding, done) => done(new Error("bad block")) });
    const heard = signal<unknown>();
    server.role("svc").onReadable("put", (ctx) => {
      ctx.readable.on("error", heard.fire).resume();
    });
    const failing = pipeline(Readable.from([BYTES]), broken(), svc.writable("put"));
    expect(await rejection(failing)).toMatchObject({ message: "bad block" });
    expect(await heard.promise).toEqual(isTroupeError("REJECTED", "bad block"));

    server.role("svc").onReadable("parse", (ctx) => pipeline(ctx.readable, broken()));
    const writable = svc.writable("parse");
    const why = rejection(pipeline(Readable.from([BYTES]), writable));
    expect(await why).toEqual(isTroupeError("REJECTED", "bad block"));
    await expectIdle(units);
  });

  it("rejects when the stream is refused, in either place", async () => {
    const { svc, ...units } = await stage();
    const into = pipeline(Readable.from([BYTES]), svc.writable("nothing"));
    expect(await rejection(into)).toEqual(isTroupeError("NO_EVENT"));
    const out = pipeline(svc.readable("nothing"), createGzip());
    expect(await rejection(out)).toEqual(isTroupeError("NO_EVENT"));
    await expectIdle(units);
  });
});

describe("finished()", () => {
  it("resolves at the end of either kind", async () => {
    const { server, svc } = await stage();
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end(BYTES));
    server.role("svc").onReadable("put", (ctx) => void ctx.readable.resume());
    const writable = svc.writable("put");
    writable.end(BYTES);
    await finished(writable);
    await finished(svc.readable("get").resume());
  });

  it("rejects when it is cut short, with the reason", async () => {
    const { server, svc, proxy } = await cuttable(UNRESUMED);
    server.role("svc").onReadable("put", (ctx) => void ctx.readable.once("data", () => {}));
    const writable = svc.writable("put");
    writable.write(BYTES, () => proxy.last.cut());
    expect(await rejection(finished(writable))).toEqual(isTroupeError("DISCONNECTED"));
    expect(await rejection(finished(writable))).toEqual(isTroupeError("DISCONNECTED"));
  });
});

describe("for await", () => {
  it("that is left early tells the writer, who may act on it", async () => {
    const { server, svc, ...units } = await stage();
    const left = signal<unknown>();
    server.role("svc").onWritable("count", async (ctx) => {
      ctx.writable.once("error", left.fire);
      for (let i = 0; !ctx.writable.destroyed; i++) {
        if (!ctx.writable.write(content(10_000, i + 1))) await once(ctx.writable, "drain");
      }
    });
    let bytes = 0;
    for await (const chunk of svc.readable("count")) {
      bytes += chunk.length;
      if (bytes > 100_000) break;
    }
    expect(await left.promise).toEqual(isTroupeError("CANCELLED", "gave the stream up"));
    await expectIdle(units);
  });

  it("rejects where the other side fails, after what has come before", async () => {
    const { server, svc } = await stage();
    const go = signal();
    server.role("svc").onWritable("get", async (ctx) => {
      ctx.writable.write("one");
      await go.promise;
      throw new Error("no more");
    });
    const chunks: string[] = [];
    const reading = (async (): Promise<void> => {
      for await (const chunk of svc.readable("get")) {
        chunks.push(String(chunk));
        go.fire();
      }
    })();
    expect(await rejection(reading)).toEqual(isTroupeError("REJECTED", "no more"));
    expect(chunks).toEqual(["one"]);
  });
});

describe("as a web stream", () => {
  it("a readable is read to its end", async () => {
    const { server, svc, ...units } = await stage();
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end(BYTES));
    const response = new Response(svc.readable("get").toWeb());
    expect(hashOf(new Uint8Array(await response.arrayBuffer()))).toBe(WHOLE.hash);
    await expectIdle(units);
  });

  it("a readable is cancelled, and its writer hears why", async () => {
    const { server, svc, ...units } = await stage();
    const left = signal<unknown>();
    server.role("svc").onWritable("get", (ctx) => {
      ctx.writable.on("error", left.fire).write(BYTES);
    });
    const reader = svc.readable("get").toWeb().getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel(new Error("seen enough"));
    expect(await left.promise).toEqual(isTroupeError("REJECTED", "seen enough"));
    await expectIdle(units);
  });

  it("a writable is written and closed, chunk by chunk as the reader takes them", async () => {
    const { server, svc, ...units } = await stage();
    const read = signal<unknown>();
    server.role("svc").onReadable("put", async (ctx) => read.fire(await digest(ctx.readable)));
    const writer = svc.writable("put").toWeb().getWriter();
    for (let at = 0; at < BYTES.length; at += 100_000) {
      await writer.ready;
      await writer.write(BYTES.subarray(at, at + 100_000));
    }
    await writer.close();
    expect(await read.promise).toEqual(WHOLE);
    await expectIdle(units);
  });

  it("a writable is aborted, and its reader hears why, also while a chunk waits", async () => {
    const { server, svc, ...units } = await stage();
    const [taken, heard] = [signal<unknown>(), signal<unknown>()];
    server.role("svc").onReadable("put", (ctx) => {
      ctx.readable.on("error", heard.fire);
      return "taken, not read";
    });
    const writable = svc.writable("put", null, { onAccept: taken.fire });
    const writer = writable.toWeb().getWriter();
    writer.write(BYTES).catch(() => {}); // more than the window
    await taken.promise;
    const closed = rejection(writer.closed);
    await writer.abort(new Error("changed my mind"));
    expect(await closed).toMatchObject({ message: "changed my mind" });
    expect(await heard.promise).toEqual(isTroupeError("REJECTED", "changed my mind"));
    await expectIdle(units);
  });

  it("a duplex is piped through, on both sides", async () => {
    const flipped = (): TransformStream<Uint8Array, Uint8Array> =>
      new TransformStream({
        transform: (chunk, controller) => controller.enqueue(chunk.map((byte) => byte ^ 0xff)),
      });
    const { server, svc, ...units } = await stage();
    server.role("svc").onDuplex("flip", (ctx) => {
      const { readable, writable } = ctx.duplex.toWeb();
      return readable.pipeThrough(flipped()).pipeTo(writable);
    });
    const source = new Blob([new Uint8Array(BYTES)]).stream();
    const there = source.pipeThrough(svc.duplex("flip").toWeb());
    const back = new Response(
      there.pipeThrough(flipped()) as ReadableStream<Uint8Array<ArrayBuffer>>,
    );
    expect(hashOf(new Uint8Array(await back.arrayBuffer()))).toBe(WHOLE.hash);
    await expectIdle(units);
  });

  it("a refused one fails its reader with the code", async () => {
    const { svc } = await stage();
    const reader = svc.readable("nothing").toWeb().getReader();
    expect(await rejection(reader.read())).toEqual(isTroupeError("NO_EVENT"));
    const { writable } = svc.duplex("nothing").toWeb();
    expect(await rejection(writable.getWriter().closed)).toEqual(isTroupeError("NO_EVENT"));
  });
});

describe("errors cross with their messages", () => {
  it("from an opener who fails before the first byte, and in the middle", async () => {
    const { server, svc, ...units } = await stage();
    const failures: Promise<Error>[] = [];
    const seen = signal();
    server.role("svc").onReadable("put", (ctx) => {
      failures.push(failureOf(ctx.readable));
      ctx.readable.once("data", () => seen.fire());
      return "taken";
    });
    svc.writable("put").destroy(new Error("first"));
    const later = svc.writable("put");
    later.write("some");
    await seen.promise;
    later.destroy(new Error("second"));
    await expect.poll(() => failures.length).toBe(2);
    const errors = await Promise.all(failures);
    expect(errors[0]).toEqual(isTroupeError("REJECTED", "first"));
    expect(errors[1]).toEqual(isTroupeError("REJECTED", "second"));
    await expectIdle(units);
  });

  it("from a reader to the writer whose chunk waits, and to both halves of a duplex", async () => {
    const { server, svc, ...units } = await stage();
    const reached = signal();
    server.role("svc").onWritable("get", (ctx) => {
      ctx.writable.write(BYTES, (error) => (failure = error));
      const fate = new Fate(ctx.writable as Writable);
      void fate.closed.then(() => reached.fire());
    });
    let failure: unknown;
    const readable = svc.readable("get");
    await once(readable, "readable");
    readable.destroy(new Error("the disk is full"));
    await reached.promise;
    expect(failure).toEqual(isTroupeError("REJECTED", "the disk is full"));

    server
      .role("svc")
      .onDuplex("talk", (ctx) => void setImmediate(() => ctx.duplex.destroy(new Error("bye"))));
    const duplex = svc.duplex("talk");
    const writing = new Promise((resolve) => duplex.write(BYTES, resolve));
    expect(await failureOf(duplex)).toEqual(isTroupeError("REJECTED", "bye"));
    expect(await writing).toEqual(isTroupeError("REJECTED", "bye"));
    await expectIdle(units);
  });
});

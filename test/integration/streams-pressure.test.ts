import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Unit } from "troupe";
import { describe, expect, it } from "vitest";
import { signal, turn } from "../support/mesh.ts";
import { expectServed } from "./served.ts";
import { content, digest, expectIdle, handle, open, stage } from "./streams.ts";

const KIB = 1024;
const CHUNK = content(16 * KIB);
/** Windows do not grow beyond their first 384 KiB, however slow the machine. */
const limits = { streamBuffer: 240 * KIB };
/** The window, what its reader's stream holds, and a chunk on each side. */
const AHEAD = 384 * KIB + 64 * KIB + 2 * CHUNK.length;

/** Writes without end, as fast as it may; counts what it got rid of. */
function pour(to: Writable): { readonly bytes: () => number } {
  let bytes = 0;
  let waiting = false;
  const more = (): void => {
    waiting = false;
    let room = true;
    while (room && !to.destroyed) {
      room = to.write(CHUNK, (error) => {
        if (!error) bytes += CHUNK.length;
      });
    }
    if (waiting) return;
    waiting = true;
    to.once("drain", more);
  };
  more();
  return { bytes: () => bytes };
}

/** Enough turns and round trips that whatever can move has moved. */
async function settle(unit: Unit, pings: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 20; i++) await pings();
  await unit.drained();
  await turn();
}

describe.each(["readable", "writable"] as const)("of a %s whose reader does not read", (kind) => {
  it("the writer gets rid of a window and some buffers, and of nothing more", async () => {
    const { server, svc, there, back } = await stage({ limits }, { limits });
    const reached = signal<Readable | Writable>();
    handle(server, "do", (end) => {
      reached.fire(end);
      return "taken";
    });
    const taken = signal<unknown>();
    const end = open(svc, kind, "do", null, { onAccept: taken.fire });
    const ends = [end, await reached.promise] as const;
    await taken.promise;
    const [reader, writer] = (kind === "readable" ? ends : ends.toReversed()) as [
      Readable,
      Writable,
    ];
    const poured = pour(writer);
    const ping = (): Promise<unknown> => svc.request("ping");
    await settle(there, ping);
    const stuck = poured.bytes();
    expect(stuck).toBeGreaterThan(0);
    expect(stuck).toBeLessThanOrEqual(AHEAD);
    expect(writer.writableLength).toBeLessThanOrEqual(64 * KIB + CHUNK.length);
    expect([there.buffered, back.buffered].every((bytes) => bytes < 64 * KIB)).toBe(true);
    await settle(there, ping);
    expect(poured.bytes()).toBe(stuck);

    // What it reads makes room for as much, and not for more.
    let read = 0;
    while (read < 1024 * KIB) {
      const chunk: Buffer | null = reader.read();
      if (chunk === null) await once(reader, "readable");
      else read += chunk.length;
    }
    await settle(there, ping);
    expect(poured.bytes()).toBeGreaterThanOrEqual(read);
    expect(poured.bytes()).toBeLessThanOrEqual(read + AHEAD);
    reader.destroy();
    await expectIdle({ there, back });
  });
});

describe("a stream that nobody reads", () => {
  it("holds up neither another stream nor requests on the same connection, either way", async () => {
    const { server, svc, there, back } = await stage();
    const stuck: Readable[] = [];
    server.role("svc").onReadable("ignored", (ctx) => {
      stuck.push(ctx.readable);
      return "taken, and never read";
    });
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end(content(2048 * KIB)));
    const sum = signal<number>();
    server.role("svc").onReadable("put", async (ctx) => {
      sum.fire((await digest(ctx.readable)).bytes);
    });
    for (let i = 0; i < 5; i++) pour(svc.writable("ignored"));
    await expect.poll(() => stuck.length).toBe(5);
    expect((await digest(svc.readable("get"))).bytes).toBe(2048 * KIB);
    svc.writable("put").end(content(2048 * KIB));
    expect(await sum.promise).toBe(2048 * KIB);
    for (let i = 0; i < 50; i++) await expectServed(svc);
    for (const each of stuck) each.destroy();
    await expectIdle({ there, back });
  });

  it("is ended by the close() of its peer when the timeout is over", async () => {
    const { server, svc, there } = await stage();
    const reached = signal();
    server.role("svc").onReadable("ignored", () => {
      reached.fire();
      return "taken, and never read";
    });
    const writable = svc.writable("ignored");
    pour(writable);
    await reached.promise;
    const begun = performance.now();
    await server.close({ timeout: 50 });
    expect(performance.now() - begun).toBeLessThan(1000);
    if (!writable.closed) await once(writable, "close");
    expect(there.load).toBe(0);
  });
});

describe("a writer that never ends", () => {
  it("leaves its reader waiting, and everything else at work; its reader may leave", async () => {
    const { server, svc, there, back } = await stage();
    const left = signal();
    server.role("svc").onWritable("endless", (ctx) => {
      ctx.writable.write("something");
      ctx.writable.once("close", () => left.fire());
    });
    const readable = svc.readable("endless");
    expect(String(await once(readable, "data"))).toBe("something");
    for (let i = 0; i < 20; i++) await expectServed(svc);
    expect(readable.readableEnded).toBe(false);
    readable.destroy();
    await left.promise;
    await expectIdle({ there, back });
  });
});

describe("a request that is asked while a stream sends as fast as it can", () => {
  it("is answered long before the stream is through", async () => {
    const { server, svc } = await stage();
    const size = 32 * 1024 * KIB;
    server.role("svc").onWritable("get", (ctx) => void ctx.writable.end(Buffer.alloc(size, CHUNK)));
    let bytes = 0;
    const readable = svc.readable("get").on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const ended = once(readable, "end");
    await once(readable, "data");
    await svc.request("ping");
    expect(bytes).toBeLessThan(size / 2);
    await ended;
    expect(bytes).toBe(size);
  });
});

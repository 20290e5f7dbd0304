/** What roletalk promises of streams: a peer's Readable is the unit's Writable, and vice versa. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { type Destination, type Peer, TroupeError } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { newPeer } from "../support/mesh.ts";

async function files(serve: (peer: Peer) => void): Promise<Destination> {
  const server = newPeer({ name: "files" });
  serve(server);
  await server.listen(0);
  const client = newPeer({ name: "client" });
  await client.connect(`ws://localhost:${server.port}`);
  return client.destination("files");
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const CONTENT = randomBytes(3_000_000);

describe("binary streams", () => {
  it("a unit that answers an onWritable sends to the Readable of the caller", async () => {
    const destination = await files((peer) => {
      peer.role("files").onWritable("download", (ctx, cb) => {
        cb(null, { size: CONTENT.length });
        Readable.from([CONTENT]).pipe(ctx.writable);
      });
    });
    const readable = destination.Readable("download", "a.bin", { highWaterMark: 40_000 });
    expect(readable).toBeInstanceOf(Readable);
    const chunks: Buffer[] = [];
    readable.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(readable, "end");
    expect(digest(Buffer.concat(chunks))).toBe(digest(CONTENT));
  });

  it("a unit that answers an onReadable hears the Writable of the caller", async () => {
    let told: (sum: string) => void = () => {};
    const stored = new Promise<string>((resolve) => {
      told = resolve;
    });
    const destination = await files((peer) => {
      peer.role("files").onReadable("upload", (ctx, cb) => {
        const hash = createHash("sha256");
        ctx.readable.on("data", (chunk) => hash.update(chunk));
        ctx.readable.on("end", () => told(`${ctx.data} ${hash.digest("hex")}`));
        cb(null, null);
      });
    });
    const writable = destination.Writable("upload", "b.bin");
    expect(writable).toBeInstanceOf(Writable);
    await pipeline(Readable.from([CONTENT]), writable);
    expect(await stored).toBe(`b.bin ${digest(CONTENT)}`);
  });

  it("a request for a stream that is rejected is an error of the stream, on either kind", async () => {
    const destination = await files((peer) => {
      peer.role("files").onWritable("get", (_ctx, cb) => cb(new Error("no such file"), null));
      peer.role("files").onReadable("put", (_ctx, cb) => cb(new Error("disk full"), null));
    });
    const reading = destination.Readable("get", "c.bin");
    const writing = destination.Writable("put", "c.bin");
    writing.write("x");
    await expect(finished(reading)).rejects.toEqual(isTroupeError("REJECTED", "no such file"));
    await expect(finished(writing)).rejects.toEqual(isTroupeError("REJECTED", "disk full"));
  });

  it("a stream to a role that nobody plays throws at once, as there", async () => {
    const destination = newPeer().destination("files");
    expect(() => destination.Readable("get", null)).toThrow(TroupeError);
    expect(() => destination.Writable("put", null)).toThrow(TroupeError);
  });

  it("is destroyed on both sides when the connection is lost", async () => {
    let lost: (error: unknown) => void = () => {};
    const ended = new Promise((resolve) => {
      lost = resolve;
    });
    const destination = await files((peer) => {
      peer.role("files").onWritable("endless", (ctx, cb) => {
        cb(null, null);
        ctx.writable.write("first");
        ctx.writable.on("error", lost);
      });
    });
    const readable = destination.Readable("endless", null);
    await once(readable, "data");
    const failed = once(readable, "error");
    destination.units[0]?.close();
    expect((await failed)[0]).toEqual(isTroupeError("CLOSED"));
    expect(await ended).toEqual(isTroupeError("DISCONNECTED"));
  });
});

/** Bytes stream through three stages in three peers, and never are all of them anywhere. */
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { Peer } from "troupe";

const MIB = 1024 * 1024;
const LINE = "all the world is a stage\n";
const comma = (value: number): string => value.toLocaleString("en-US");

const source = new Peer({ name: "source" });
await source.listen({ port: 0, host: "127.0.0.1" });

// A stage reads and writes its end of a duplex stream; what is between may be any Transform.
const stages = await Promise.all([
  stage("upper", () => each((chunk) => Buffer.from(chunk.toString("latin1").toUpperCase()))),
  stage("count", () => {
    let bytes = 0;
    const count = each((chunk) => {
      bytes += chunk.length;
      return chunk;
    });
    return count.once("end", () => console.log(`count: ${comma(bytes)} bytes went through`));
  }),
  stage("gzip", () => createGzip()),
]);

// Whoever is slowest sets the pace: each stage takes no more than the next one takes from it.
let bytes = 0;
let wrong = 0;
await pipeline(
  lines,
  source.destination("upper").duplex("run"),
  source.destination("count").duplex("run"),
  source.destination("gzip").duplex("run"),
  createGunzip(),
  async (result: AsyncIterable<Buffer>) => {
    for await (const chunk of result) {
      const expected = LINE.toUpperCase().charCodeAt(bytes % LINE.length);
      if (chunk[0] !== expected) wrong++;
      bytes += chunk.length;
    }
  },
);
console.log(`source: ${comma(bytes)} bytes came back, ${wrong} chunks wrong`);
if (wrong > 0) process.exitCode = 1;

await Promise.all(stages.map((peer) => peer.close()));
await source.close();

/** 4 MiB of text, a piece at a time. */
function* lines(): Generator<string> {
  const piece = LINE.repeat(1000);
  for (let sent = 0; sent < 4 * MIB; sent += piece.length) yield piece;
}

/** A Transform that turns each chunk into another. */
function each(change: (chunk: Buffer) => Buffer): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, change(chunk)),
  });
}

/** A peer that plays one role: it puts every stream through a Transform of its own. */
async function stage(name: string, make: () => Transform): Promise<Peer> {
  const peer = new Peer({ name });
  peer.role(name).onDuplex("run", (ctx) => pipeline(ctx.duplex, make(), ctx.duplex));
  await peer.connect(`ws://127.0.0.1:${source.port}`);
  await source.destination(name).whenReady();
  return peer;
}

/** Takes bytes in and gives bytes out as streams, and tells how much memory that took. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Peer } from "troupe";
import { endless } from "./streams.ts";
import { RssWatch } from "./streams-rss.ts";

const peer = new Peer({ name: "child" });
const watch = new RssWatch();
const svc = peer.role("svc");
svc.onReadable("put", async (ctx) => {
  let bytes = 0;
  for await (const chunk of ctx.readable) bytes += chunk.length;
  process.send?.(bytes);
});
svc.onWritable<number>("get", (ctx) => pipeline(Readable.from(endless(ctx.data)), ctx.writable));
svc.onRequest("begin", () => watch.begin());
svc.onRequest("growth", () => watch.growth);
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);

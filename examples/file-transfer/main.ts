/** A file is sent to a store and fetched again, with progress and checksums both ways. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { Peer } from "troupe";

const MIB = 1024 * 1024;
const folder = await mkdtemp(join(tmpdir(), "file-transfer-"));
// What others name is never a path: only its last part counts, in a folder of the store's own.
const place = (name: string): string => join(folder, `stored-${basename(name)}`);

const server = new Peer({ name: "server" });
const store = server.role("store");
// Duplex, so that it can say what it has got: the file comes in, its checksum goes back.
store.onDuplex<string>("put", async (ctx) => {
  const file = place(ctx.data);
  await pipeline(ctx.duplex, createWriteStream(file));
  ctx.duplex.end(await checksum(file));
});
store.onRequest<string>("size", async (ctx) => (await stat(place(ctx.data))).size);
store.onWritable<string>("get", (ctx) => pipeline(createReadStream(place(ctx.data)), ctx.writable));
await server.listen({ port: 0, host: "127.0.0.1" });

const client = new Peer({ name: "client" });
await client.connect(`ws://127.0.0.1:${server.port}`);
const remote = client.destination("store");

const [original, copy, name] = [join(folder, "original"), join(folder, "copy"), "photo.raw"];
try {
  await writeFile(original, randomBytes(4 * MIB));
  const upload = progress("upload", (await stat(original)).size);
  const receipt = await pipeline(
    createReadStream(original),
    upload,
    remote.duplex("put", name),
    text,
  );
  report("upload", receipt, await checksum(original));

  const { data: size } = await remote.request<number>("size", name);
  await pipeline(remote.readable("get", name), progress("download", size), createWriteStream(copy));
  report("download", await checksum(copy), receipt);
} finally {
  await rm(folder, { recursive: true, force: true });
  await client.close();
  await server.close();
}

/** Lets bytes through and says how far it has come. */
function progress(what: string, size: number) {
  const marks = [10, 50, 100];
  let bytes = 0;
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      yield chunk;
      bytes += chunk.length;
      while (bytes >= (size * (marks[0] ?? Number.POSITIVE_INFINITY)) / 100)
        console.log(`${what}: ${marks.shift()} %`);
    }
  };
}

async function checksum(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

function report(what: string, got: string, expected: string): void {
  const same = got === expected;
  console.log(`${what}: the checksums are ${same ? "the same" : "different"}`);
  if (!same) process.exitCode = 1;
}

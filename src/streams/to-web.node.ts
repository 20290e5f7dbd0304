import { Buffer } from "node:buffer";
import type { Readable, Writable } from "node:stream";
import { localReason } from "./reason.ts";
import { WebReadable } from "./web-readable.ts";
import { WebWritable } from "./web-writable.ts";

// Node's own `toWeb` copies every chunk, reads ahead of its reader, leaves a write that is on its way
// waiting when it is aborted, and calls every stream that was cut short an aborted operation.

/** A web stream on a Node stream, which it then belongs to: what one gives up is given up by the other. */
export function readableToWeb(node: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const web = new WebReadable({
    want: () => node.resume(),
    cancel: (cause) => node.destroy(errorOf(cause)),
  });
  node.pause(); // a listener for data would set it going
  node.on("data", (chunk: Buffer | string) => {
    node.pause(); // first, as the next line may ask for more
    web.push(plain(chunk, node.readableEncoding));
  });
  if (node.readableEnded) web.push(null);
  else node.once("end", () => web.push(null));
  onClose(node, () => web.destroy(localReason(node.errored)));
  return web.stream;
}

/** The same for writing. */
export function writableToWeb(node: Writable): WritableStream<Uint8Array> {
  const target = {
    write: (bytes: Uint8Array, done: (error?: Error | null) => void): boolean => {
      node.write(bytes, done);
      return false;
    },
    end: (done: (error?: Error | null) => void): boolean => {
      node.end(done);
      return false;
    },
    abort: (cause: unknown) => node.destroy(errorOf(cause)),
  };
  const web = new WebWritable(target, node.writableHighWaterMark);
  onClose(node, () => {
    if (!node.writableFinished) web.destroy(localReason(node.errored));
  });
  return web.stream;
}

function onClose(node: Readable | Writable, listener: () => void): void {
  if (node.closed) listener();
  else node.once("close", listener);
}

/** Without a cause a Node stream is destroyed without an error. */
function errorOf(cause: unknown): Error | undefined {
  return cause === undefined || cause === null ? undefined : localReason(cause);
}

/** A view without what Buffer puts on top, as web streams give it; text is what `setEncoding` made. */
function plain(chunk: Buffer | string, encoding: BufferEncoding | null): Uint8Array {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding ?? "utf8") : chunk;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

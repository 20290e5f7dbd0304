import type { Readable, Writable } from "node:stream";
import { concat } from "../../src/bytes/bytes.ts";
import type { StreamUser } from "../../src/connection/stream.ts";
import * as node from "../../src/streams/streams.node.ts";
import * as web from "../../src/streams/streams.ts";

/** A stream that is read, whichever platform it is of. */
export interface Reading {
  /** The next chunk, or `undefined` at the end; rejects when the stream failed. */
  read(): Promise<Uint8Array | undefined>;
  /** Destroys or cancels it. */
  leave(cause?: unknown): void;
}

/** A stream that is written. */
interface Written {
  /** Resolves when the bytes have left. */
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Destroys or aborts it. */
  giveUp(cause?: unknown): void;
}

/** One kind of streams: the same suite runs over all. */
export interface Kit {
  readonly name: string;
  readable(options?: web.EndOptions): { user: StreamUser; side: Reading };
  writable(options?: web.EndOptions): { user: StreamUser; side: Written };
  duplex(options?: web.EndOptions): { user: StreamUser; reading: Reading; written: Written };
}

function nodeReading(stream: Readable): Reading {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return {
    read: async () => (await chunks.next()).value,
    leave: (cause) => void stream.destroy(cause as Error | undefined),
  };
}

function nodeWritten(stream: Writable): Written {
  const settled = (run: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
  return {
    write: (bytes) => settled((done) => stream.write(bytes, done)),
    end: () => settled((done) => stream.end(done)),
    giveUp: (cause) => void stream.destroy(cause as Error | undefined),
  };
}

function webReading(stream: ReadableStream<Uint8Array>): Reading {
  const reader = stream.getReader();
  return {
    read: async () => (await reader.read()).value,
    leave: (cause) => void reader.cancel(cause).catch(() => {}),
  };
}

function webWritten(stream: WritableStream<Uint8Array>): Written {
  const writer = stream.getWriter();
  return {
    write: (bytes) => writer.write(bytes),
    end: () => writer.close(),
    giveUp: (cause) => void writer.abort(cause).catch(() => {}),
  };
}

const nodeKit: Kit = {
  name: "Node streams",
  readable: (options) => {
    const { user, stream } = node.readableEnd(options);
    return { user, side: nodeReading(stream) };
  },
  writable: (options) => {
    const { user, stream } = node.writableEnd(options);
    return { user, side: nodeWritten(stream) };
  },
  duplex: (options) => {
    const { user, stream } = node.duplexEnd(options);
    return { user, reading: nodeReading(stream), written: nodeWritten(stream) };
  },
};

const toWebKit: Kit = {
  name: "Node streams as web streams",
  readable: (options) => {
    const { user, stream } = node.readableEnd(options);
    return { user, side: webReading(stream.toWeb()) };
  },
  writable: (options) => {
    const { user, stream } = node.writableEnd(options);
    return { user, side: webWritten(stream.toWeb()) };
  },
  duplex: (options) => {
    const { user, stream } = node.duplexEnd(options);
    const { readable, writable } = stream.toWeb();
    return { user, reading: webReading(readable), written: webWritten(writable) };
  },
};

const browserKit: Kit = {
  name: "browser streams",
  readable: (options) => {
    const { user, stream } = web.readableEnd(options);
    return { user, side: webReading(stream) };
  },
  writable: (options) => {
    const { user, stream } = web.writableEnd(options);
    return { user, side: webWritten(stream) };
  },
  duplex: (options) => {
    const { user, stream } = web.duplexEnd(options);
    const { readable, writable } = stream;
    return { user, reading: webReading(readable), written: webWritten(writable) };
  },
};

export const KITS: readonly Kit[] = [nodeKit, toWebKit, browserKit];

/** All that there is to read, to the end. */
export async function all(side: Reading): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await side.read(); chunk !== undefined; chunk = await side.read()) {
    chunks.push(chunk);
  }
  return concat(...chunks);
}

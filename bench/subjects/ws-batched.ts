import { createServer } from "node:http";
import type { WebSocket } from "ws";
import { bareSubject, type Pipe } from "./bare.ts";
import type { Subject } from "./subject.ts";
import { drained } from "./ws.ts";

/**
 * Bare `ws` with the batching that Troupe does, and nothing else of it: all payloads of a tick
 * leave in one WebSocket message, each behind its length. The difference to `troupe` is the price
 * of encryption, names, deadlines and promises.
 */
export const subject: Subject = bareSubject({ scheme: "ws", createServer, lay: layBatchedPipe });

/** Bytes of the length before each payload. */
const HEAD = 4;
/** A batch of this size leaves before the tick ends, bytes. */
const FULL = 64 * 1024;

function layBatchedPipe(socket: WebSocket, received: (payload: Uint8Array) => void): Pipe {
  // A connection that never sends has none.
  let batch = Buffer.alloc(0);
  let used = 0;

  const flush = (): void => {
    if (used === 0) return;
    // What was handed over may still wait to be written: go on behind it.
    const full = batch.subarray(0, used);
    batch = used < FULL / 2 ? batch.subarray(used) : Buffer.allocUnsafe(FULL);
    used = 0;
    socket.send(full);
  };
  const append = (payload: Uint8Array): void => {
    const needed = HEAD + payload.length;
    if (used + needed > batch.length) {
      flush();
      if (needed > batch.length) batch = Buffer.allocUnsafe(Math.max(FULL, needed));
    }
    if (used === 0) setImmediate(flush);
    batch.writeUInt32BE(payload.length, used);
    batch.set(payload, used + HEAD);
    used += needed;
  };

  socket.on("message", (message: Buffer) => {
    for (let at = 0; at < message.length; ) {
      const start = at + HEAD;
      at = start + message.readUInt32BE(at);
      received(message.subarray(start, at));
    }
  });
  return {
    send: append,
    get backlog() {
      return used + socket.bufferedAmount;
    },
    drained: () => {
      flush();
      return drained(socket);
    },
  };
}

import { createServer } from "node:http";
import type { WebSocket } from "ws";
import { bareSubject, type Pipe } from "./bare.ts";
import type { Subject } from "./subject.ts";

/** Bare `ws`: one WebSocket message a payload. What every ratio is measured against. */
export const subject: Subject = bareSubject({ scheme: "ws", createServer, lay: layPlainPipe });

/** One WebSocket message a payload. */
export function layPlainPipe(socket: WebSocket, received: (payload: Uint8Array) => void): Pipe {
  socket.on("message", received);
  return {
    send: (payload) => socket.send(payload),
    get backlog() {
      return socket.bufferedAmount;
    },
    drained: () => drained(socket),
  };
}

/**
 * Resolves when everything sent so far has been handed to the system. `ws` has no event for it:
 * an empty ping stands behind it all, and its callback comes when that has left.
 */
export function drained(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.ping(undefined, undefined, () => resolve());
  });
}

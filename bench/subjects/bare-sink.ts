import type { WebSocket } from "ws";
import type { Sink } from "./subject.ts";

/** Bytes waiting to be sent at which who fills a stream waits, too. */
export const HIGH_WATER: number = 1024 * 1024;
/** It goes on when no more than that is left: the system has enough to send meanwhile. */
const LOW_WATER = HIGH_WATER / 2;

/**
 * A stream on a WebSocket, as a careful user would write it: a chunk is a message, and how much
 * waits is looked at whenever one has been handed to the system. An empty message is the end.
 */
export function laySink(socket: WebSocket): Sink {
  let goOn: (() => void) | undefined;
  const sent = (error?: Error | null): void => {
    if (error) throw error;
    if (goOn === undefined || socket.bufferedAmount > LOW_WATER) return;
    goOn();
    goOn = undefined;
  };
  return {
    write: (chunk) => {
      socket.send(chunk, sent);
      return socket.bufferedAmount < HIGH_WATER;
    },
    drained: () =>
      new Promise((resolve) => {
        goOn = resolve;
      }),
    end: () =>
      new Promise((resolve, reject) => {
        socket.send(new Uint8Array(), (error) => (error ? reject(error) : resolve()));
      }),
  };
}

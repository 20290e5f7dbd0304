import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { free } from "../bytes/free.node.ts";

/** FIN and the opcode of a binary message (RFC 6455, section 5.2). */
const BINARY = 0x82;
const MASKED = 0x80;
/** Bytes of a mask, which of ours are all zero: docs/decisions/0001-websocket-mask.md. */
const MASK_BYTES = 4;
/** The longest header of a frame, without its mask. */
const LONGEST = 10;

/** Bytes that a message in a frame is longer by, at most. */
export const FRAME_BYTES: number = LONGEST + MASK_BYTES;

/**
 * Up to so many bytes a message is copied behind its header, to be written in one piece: one write
 * of a pooled buffer is cheaper than a vector of three.
 */
const JOIN_BYTES = 2048;

/**
 * Writes `message`, and `tail` behind it, as one WebSocket message: see
 * docs/decisions/0010-own-websocket-frames.md for why `ws` does not.
 *
 * @param masked - as a client must
 * @param written - called when the system has taken it
 */
export function writeMessage(
  socket: Duplex,
  masked: boolean,
  message: Uint8Array,
  tail: Uint8Array | undefined,
  written?: () => void,
): void {
  const length = message.length + (tail?.length ?? 0);
  const header = headerBytes(length) + (masked ? MASK_BYTES : 0);
  if (length <= JOIN_BYTES) {
    const frame = Buffer.allocUnsafe(header + length);
    putHeader(frame, length, masked);
    frame.set(message, header);
    if (tail !== undefined) frame.set(tail, header + message.length);
    socket.write(frame, written);
    return;
  }
  const head = Buffer.allocUnsafe(header);
  putHeader(head, length, masked);
  socket.cork();
  socket.write(head);
  if (tail === undefined) {
    socket.write(message, written);
  } else {
    socket.write(message);
    socket.write(tail, written);
  }
  socket.uncork();
  if (socket.writableLength === 0 && socket instanceof Socket) free(message);
}

function headerBytes(length: number): number {
  if (length < 126) return 2;
  return length < 0x1_0000 ? 4 : LONGEST;
}

function putHeader(frame: Buffer, length: number, masked: boolean): void {
  const mark = masked ? MASKED : 0;
  let at = 2;
  frame[0] = BINARY;
  if (length < 126) {
    frame[1] = mark | length;
  } else if (length < 0x1_0000) {
    frame[1] = mark | 126;
    at = frame.writeUInt16BE(length, at);
  } else {
    frame[1] = mark | 127;
    at = frame.writeUInt16BE(0, at);
    at = frame.writeUIntBE(length, at, 6);
  }
  if (masked) frame.writeUInt32BE(0, at);
}

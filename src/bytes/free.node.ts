import { MessageChannel } from "node:worker_threads";

/** Below this the collector is as good, and a buffer may come from Node's pool. */
const WORTHWHILE_BYTES = 16 * 1024;

/**
 * Gives the memory of bytes back now, which otherwise takes a garbage collection: for those that
 * nobody else holds, at the end of their way. They must not be touched again. Does nothing when they
 * are few, or a part of something larger. Why: docs/decisions/0013-free-buffers-at-once.md.
 */
export function free(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < WORTHWHILE_BYTES || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) discard(buffer);
}

const discard = "transfer" in ArrayBuffer.prototype ? shrink : sendNowhere();

/** ECMAScript 2024, and so Node 22. */
function shrink(buffer: ArrayBuffer & { transfer?(length: number): ArrayBuffer }): void {
  buffer.transfer?.(0);
}

/** What is transferred through a closed port is nobody's any more. */
function sendNowhere(): (buffer: ArrayBuffer) => void {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return (buffer) => port1.postMessage(null, [buffer]);
}

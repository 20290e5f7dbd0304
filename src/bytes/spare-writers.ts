import { Writer } from "./writer.ts";

/** A buffer that grew beyond this for one large message is not kept. */
const KEEP_BYTES = 256 * 1024;

/** Shared by all connections: an idle one holds none. */
const spare: Writer[] = [];
const KEEP_WRITERS = 64;

/** An empty writer, which often has its memory already. Give it back when it is done. */
export function borrowWriter(): Writer {
  return spare.pop() ?? new Writer();
}

/** Takes back a writer whose bytes nobody looks at any more. */
export function returnWriter(writer: Writer): void {
  if (writer.capacity > KEEP_BYTES || spare.length >= KEEP_WRITERS) return;
  writer.clear();
  spare.push(writer);
}

import type { Readable, Writable } from "node:stream";

/** An `error` that nobody listens for would end the process, and others cause most of those of a stream. */
export function ignoreError(stream: Readable | Writable): void {
  stream.on("error", ignore);
}

function ignore(): void {
  // Whoever wants to know listens, too.
}

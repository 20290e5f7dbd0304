import { expect } from "vitest";
import type { StreamEnd, StreamKind, StreamUser } from "../../src/connection/stream.ts";
import type { TroupeError } from "../../src/errors.ts";

/** Bytes that say where they are: long enough a period to notice whatever is lost, doubled or moved. */
const PERIOD = 65_521;
const pattern = Uint8Array.from({ length: 2 * 1024 * 1024 }, (_, i) => (i % PERIOD) % 251);

/** What a user may hear of a stream it both reads and writes; of one half less. */
const LIFE = /^begin( data| flushed)*( (ended|failed|stopped)( data| flushed)*){0,2}( closed)?$/;

let numbers = 0;

/** Uses one end: writes bytes in order, checks that those it reads come in order, and all that it hears. */
export class Talker implements StreamUser {
  readonly number: number = ++numbers;
  /** The number of the other end's, where it is known. */
  partner = 0;
  readonly events: string[] = [];
  /** Bytes given to `write`, and bytes heard. */
  written = 0;
  heard = 0;
  /** Whether it has said that all is written. */
  finished = false;
  readonly #writes: boolean;
  readonly #reads: boolean;
  #unread = 0;
  #waits = false;
  #gaveUp = { writing: false, reading: false };
  #end: StreamEnd | undefined;

  constructor(kind: StreamKind) {
    this.#writes = kind !== "readable";
    this.#reads = kind !== "writable";
  }

  get end(): StreamEnd {
    if (this.#end === undefined) throw new Error("there is no end yet");
    return this.#end;
  }

  write(bytes: number): void {
    if (
      !this.#writes ||
      this.#waits ||
      this.finished ||
      this.#over("stopped") ||
      this.#gaveUp.writing
    )
      return;
    const from = this.written % PERIOD;
    this.written += bytes;
    this.#waits = !this.end.write(pattern.subarray(from, from + bytes));
  }

  finish(): void {
    if (!this.#gaveUp.writing) this.finished = true;
    if (!this.end.end()) this.#waits = true;
  }

  abort(error: TroupeError): void {
    this.#gaveUp.writing = true;
    this.end.abort(error);
  }

  stop(error: TroupeError): void {
    this.#gaveUp.reading = true;
    this.#unread = 0;
    this.end.stop(error);
  }

  read(bytes: number): void {
    const read = Math.min(bytes, this.#unread);
    this.#unread -= read;
    if (read > 0) this.end.read(read);
  }

  begin(end: StreamEnd): void {
    this.#end = end;
    this.events.push("begin");
  }
  data(bytes: Uint8Array): void {
    expect([this.#reads, this.#gaveUp.reading, bytes.length > 0]).toEqual([true, false, true]);
    const from = this.heard % PERIOD;
    expect(Buffer.compare(bytes, pattern.subarray(from, from + bytes.length))).toBe(0);
    this.heard += bytes.length;
    this.#unread += bytes.length;
    if (this.events.at(-1) !== "data") this.events.push("data");
    expect(this.#over("ended")).toBe(false);
  }
  ended(): void {
    this.events.push("ended");
  }
  failed(): void {
    this.#unread = 0;
    this.events.push("failed");
  }
  flushed(): void {
    expect(this.#waits).toBe(true);
    this.#waits = false;
    this.events.push("flushed");
  }
  stopped(): void {
    this.#waits = false;
    this.events.push("stopped");
  }
  closed(): void {
    this.#waits = false;
    if (!this.#over("ended")) this.#unread = 0;
    this.events.push("closed");
  }

  /** @param over - whether all of it must have come to its end, if nobody here gave it up */
  expectWellFormed(over: boolean): void {
    const { events } = this;
    expect(events.join(" ")).toMatch(LIFE);
    for (const half of ["ended", "failed", "stopped", "closed"]) {
      expect(events.filter((event) => event === half).length).toBeLessThanOrEqual(1);
    }
    expect(events.includes("ended") && events.includes("failed")).toBe(false);
    const since = events.findIndex((event) => event === "ended" || event === "failed");
    if (since >= 0) expect(events.slice(since)).not.toContain("data");
    if (!this.#reads) expect(events.some((event) => /data|ended|failed/.test(event))).toBe(false);
    if (!this.#writes) expect(events.some((event) => /flushed|stopped/.test(event))).toBe(false);
    if (!over || events.includes("closed")) return;
    if (this.#reads && !this.#gaveUp.reading)
      expect(events.some((e) => /ended|failed/.test(e))).toBe(true);
    if (this.#writes && !this.#gaveUp.writing) {
      expect(this.finished || events.includes("stopped")).toBe(true);
    }
    expect(this.#waits && !this.#gaveUp.writing && !this.#gaveUp.reading).toBe(false);
  }

  #over(event: string): boolean {
    return this.events.includes(event) || this.events.includes("closed");
  }
}

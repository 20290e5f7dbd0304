import { borrowWriter, returnWriter } from "../../bytes/spare-writers.ts";
import { Writer } from "../../bytes/writer.ts";

/** Bytes in a buffer beyond which the next record begins another one. */
const FULL = 16 * 1024;

/** A lone record up to this size gets a buffer of just that size: most connections rest most of the time. */
const SMALL = 1024;

/** Bytes held by all connections of this process. */
let total = 0;

/** Records behind one another in one buffer. */
interface Run {
  readonly writer: Writer;
  /** The number of its first record. */
  readonly first: number;
  /** Where each record begins, and where it ends. */
  readonly bounds: number[];
  bytes: number;
}

/** How much may be held. */
export interface HeldLimits {
  /** Bytes of this connection. */
  readonly own: number;
  /** Bytes of all connections of the process. */
  readonly all: number;
}

/**
 * The records that have left and may have to leave again, as the other side has not acknowledged them:
 * the retransmission queue of RFC 9293, by records. They stay in the buffers that they were written to,
 * so holding them copies nothing.
 */
export class RetransmissionQueue {
  readonly #limits: HeldLimits;
  /** The oldest first. */
  readonly #runs: Run[] = [];
  #next = 0;
  #first = 0;
  #bytes = 0;
  #holding = true;

  constructor(limits: HeldLimits) {
    this.#limits = limits;
  }

  /** The number of the next record: how many there have been. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest record that can leave again. */
  get first(): number {
    return this.#first;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The buffer for the next record, which begins where it ends now. */
  writer(): Writer {
    const last = this.#runs.at(-1);
    return last === undefined || isFull(last.writer) ? borrowWriter() : last.writer;
  }

  /**
   * Takes a record that is about to leave. What is beyond the limits is not held, nor what was before it.
   *
   * @param start - where it begins in `writer`
   * @returns whether the buffer is kept; if not, it is to be returned when the record has left
   */
  take(writer: Writer, start: number): boolean {
    const number = this.#next++;
    const length = writer.length - start;
    const last = this.#runs.at(-1);
    const { own, all } = this.#limits;
    if (!this.#holding || this.#bytes + length > own || total + length > all) {
      this.#first = this.#next;
      this.#release(this.#runs.length, writer);
      return false;
    }
    this.#bytes += length;
    total += length;
    if (last?.writer === writer) {
      last.bounds.push(start, writer.length);
      last.bytes += length;
      return true;
    }
    if (last !== undefined || length > SMALL) {
      this.#runs.push({ writer, first: number, bounds: [start, writer.length], bytes: length });
      return true;
    }
    const lone = new Writer(length);
    lone.bytes(writer.view(start));
    this.#runs.push({ writer: lone, first: number, bounds: [0, length], bytes: length });
    return false;
  }

  /**
   * The other side has so many records.
   *
   * @param busy - a buffer that a record is being written to now
   */
  acknowledged(records: number, busy: Writer | undefined): void {
    if (records < this.#first) return;
    this.#first = records;
    this.tidy(busy);
  }

  /** Lets go of what was acknowledged. */
  tidy(busy: Writer | undefined): void {
    let done = 0;
    for (const { first, bounds, writer } of this.#runs) {
      if (first + bounds.length / 2 > this.#first || writer === busy) break;
      done++;
    }
    this.#release(done, undefined);
  }

  /** The records from this number on, in order. */
  *from(number: number): Iterable<Uint8Array> {
    for (const { first, bounds, writer } of [...this.#runs]) {
      for (let i = Math.max(0, number - first) * 2; i < bounds.length; i += 2)
        yield writer.view(bounds[i], bounds[i + 1]);
    }
  }

  /** Holds nothing any more. */
  stop(busy: Writer | undefined): void {
    this.#holding = false;
    this.#first = this.#next;
    this.#release(this.#runs.length, busy);
  }

  /** Lets go of the oldest runs, `busy` being a buffer that somebody else will return. */
  #release(count: number, busy: Writer | undefined): void {
    if (count === 0) return;
    for (const { writer, bytes } of this.#runs.splice(0, count)) {
      this.#bytes -= bytes;
      total -= bytes;
      if (writer !== busy && writer.capacity >= SMALL) returnWriter(writer);
    }
  }
}

/** A lone record fills its buffer. */
const isFull = ({ length, capacity }: Writer): boolean => length >= Math.min(FULL, capacity);

import { returnWriter } from "../../bytes/spare-writers.ts";
import { Writer } from "../../bytes/writer.ts";
import { FrameEncoder } from "../../frame/encode.ts";
import type { Flushable, Flusher } from "../flusher.ts";
import type { RetransmissionQueue } from "./retransmission.ts";

/**
 * How much work a batch gathers before it leaves without waiting for the end of the tick, in bytes of
 * frames. Larger records make bulk cheaper; smaller ones let the other process start while this one is
 * still writing, and let nothing wait long behind bulk. Measured: `docs/decisions/0002-one-record-a-tick.md`.
 */
const RECORD_WORK = 48 * 1024;

/** What a frame is to both sides besides its bytes, in bytes that are as much work. */
const FRAME_WORK = 128;

/** Where an encoder points between two batches. */
const NOWHERE: Writer = new Writer();

/** What a batch leaves by. */
export interface Outlet {
  /** A record is about to leave: adds what may ride on it, which makes no record count. */
  leaving(encoder: FrameEncoder): void;
  /** Takes a record; its bytes may be used again afterwards. */
  leave(record: Uint8Array): void;
}

/**
 * Everything queued in one tick leaves as one record. Records count unless there is nothing in them but
 * frames about the channel itself, which need not arrive.
 */
export class Batch implements Flushable {
  readonly #encoder = new FrameEncoder(NOWHERE);
  readonly #flusher: Flusher;
  readonly #outlet: Outlet;
  readonly #held: RetransmissionQueue;
  #writer: Writer | undefined;
  #start = 0;
  #frames = 0;
  /** Whether the record counts, and whether the frame being written makes it count. */
  #counts = false;
  #counting = false;

  constructor(flusher: Flusher, outlet: Outlet, held: RetransmissionQueue) {
    this.#flusher = flusher;
    this.#outlet = outlet;
    this.#held = held;
  }

  /** Bytes of frames that wait for the end of the tick. */
  get length(): number {
    return this.#writer === undefined ? 0 : this.#writer.length - this.#start;
  }

  /** The buffer that a record is being written to. */
  get writer(): Writer | undefined {
    return this.#writer;
  }

  /** The encoder to write frames with; {@link end} must follow before anything else happens. */
  begin(): FrameEncoder {
    const encoder = this.beginUncounted();
    this.#counting = true;
    return encoder;
  }

  /** The same for a frame that is about the channel itself. */
  beginUncounted(): FrameEncoder {
    if (this.#writer === undefined) {
      this.#writer = this.#held.writer();
      this.#start = this.#writer.length;
      this.#encoder.writer = this.#writer;
      this.#frames = 0;
      this.#flusher.add(this);
    }
    this.#frames++;
    this.#counting = false;
    return this.#encoder;
  }

  /** A frame has been written: one that the encoder refused does not get here. */
  end(): void {
    if (this.#counting) this.#counts = true;
    if (this.length + this.#frames * FRAME_WORK >= RECORD_WORK) this.flush();
  }

  /** Sends what there is now. */
  flush(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const start = this.#start;
    if (writer.length > start) this.#outlet.leaving(this.#encoder);
    const record = writer.view(start);
    const counts = this.#counts;
    this.#writer = undefined;
    this.#counts = false;
    this.#encoder.writer = NOWHERE;
    // Before it leaves: whatever goes wrong then, it may have left.
    const kept = counts ? this.#held.take(writer, start) : start > 0;
    if (record.length > 0) this.#outlet.leave(record);
    if (!kept) returnWriter(writer);
    // What was acknowledged while its buffer was busy.
    if (!counts) this.#held.tidy(this.#writer);
  }
}

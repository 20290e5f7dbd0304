import { borrowWriter, returnWriter } from "../../bytes/spare-writers.ts";
import { Writer } from "../../bytes/writer.ts";
import { FrameEncoder } from "../../frame/encode.ts";
import type { Flushable, Flusher } from "../flusher.ts";

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
  /** Takes a record; its bytes are used again afterwards. */
  leave(record: Uint8Array): void;
}

/** Everything queued in one tick leaves as one record. */
export class Batch implements Flushable {
  readonly #encoder = new FrameEncoder(NOWHERE);
  readonly #flusher: Flusher;
  readonly #outlet: Outlet;
  #writer: Writer | undefined;
  #frames = 0;
  #record = 0;

  constructor(flusher: Flusher, outlet: Outlet) {
    this.#flusher = flusher;
    this.#outlet = outlet;
  }

  /** Bytes of frames that wait for the end of the tick. */
  get length(): number {
    return this.#writer?.length ?? 0;
  }

  /** The number of the record that frames are gathered for; those of lower numbers have left. */
  get record(): number {
    return this.#record;
  }

  /** The encoder to write frames with; {@link end} must follow before anything else happens. */
  begin(): FrameEncoder {
    if (this.#writer === undefined) {
      this.#writer = borrowWriter();
      this.#encoder.writer = this.#writer;
      this.#frames = 0;
      this.#flusher.add(this);
    }
    this.#frames++;
    return this.#encoder;
  }

  /** Frames have been written. */
  end(): void {
    if (this.length + this.#frames * FRAME_WORK >= RECORD_WORK) this.flush();
  }

  /** Sends what there is now. */
  flush(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    this.#encoder.writer = NOWHERE;
    // Before it leaves: whatever goes wrong then, it may have left.
    this.#record++;
    if (writer.length > 0) this.#outlet.leave(writer.view());
    returnWriter(writer);
  }
}

import type { Clock } from "../../async/clock.ts";
import { Writer } from "../../bytes/writer.ts";
import { FrameEncoder } from "../../frame/encode.ts";

/**
 * Bytes of frames after which a batch leaves without waiting for the end of the tick. A record this
 * size costs a tenth of its bytes' price in sealing overhead, and delays what comes behind it by less
 * than a millisecond.
 */
const RECORD_BYTES = 16 * 1024;

/** A buffer that grew beyond this for one large message is not kept. */
const KEEP_BYTES = 256 * 1024;

/** Buffers between two ticks, shared by all connections: an idle one holds none. */
const idle: Writer[] = [];
const KEEP_BUFFERS = 64;

/** Everything queued in one tick leaves as one record. */
export class Batch {
  readonly #encoder: FrameEncoder;
  readonly #clock: Clock;
  readonly #send: (record: Uint8Array) => boolean;
  readonly #flush = (): void => this.flush();
  #writer: Writer | undefined;

  /** @param send - takes a record; returns whether its bytes may be reused at once */
  constructor(clock: Clock, send: (record: Uint8Array) => boolean) {
    this.#clock = clock;
    this.#send = send;
    this.#encoder = new FrameEncoder(NOWHERE);
  }

  /** Bytes of frames that wait for the end of the tick. */
  get length(): number {
    return this.#writer?.length ?? 0;
  }

  /** The encoder to write frames with; {@link end} must follow before anything else happens. */
  begin(): FrameEncoder {
    if (this.#writer === undefined) {
      this.#writer = idle.pop() ?? new Writer();
      this.#encoder.writer = this.#writer;
      this.#clock.soon(this.#flush);
    }
    return this.#encoder;
  }

  /** Frames have been written. */
  end(): void {
    if (this.#writer !== undefined && this.#writer.length >= RECORD_BYTES) this.flush();
  }

  /** Sends what there is now. */
  flush(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    this.#encoder.writer = NOWHERE;
    if (writer.length > 0 && !this.#send(writer.view())) return;
    if (writer.capacity > KEEP_BYTES || idle.length >= KEEP_BUFFERS) return;
    writer.clear();
    idle.push(writer);
  }
}

/** Where an encoder points between two batches. */
const NOWHERE: Writer = new Writer();

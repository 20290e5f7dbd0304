import { broken, TroupeError } from "../../errors.ts";
import type { FrameEncoder } from "../../frame/encode.ts";
import { NOTHING, type Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { RoleList } from "../connection.ts";
import type { Flusher } from "../flusher.ts";
import { type Limits, mostHeld } from "../limits.ts";
import { Batch, type Outlet } from "./batch.ts";
import { RetransmissionQueue } from "./retransmission.ts";
import type { Replies } from "./serving.ts";
import type { OpeningFrames } from "./streams.ts";

/** What frames leave by. */
export interface Exit extends Outlet {
  /** Bytes waiting behind the batch. */
  readonly backlog: number;
  /** The other side reads too slowly for the answers it asks for. */
  overrun(reason: TroupeError): void;
}

/** The frames this side sends: batched, and bounded by what the other side takes. */
export class Outbound implements Replies, Outlet, OpeningFrames {
  readonly #exit: Exit;
  readonly #batch: Batch;
  readonly #held: RetransmissionQueue;
  readonly #sendBuffer: number;
  #messageBytes: number;
  #congested = false;

  constructor(exit: Exit, flusher: Flusher, limits: Limits) {
    this.#exit = exit;
    this.#messageBytes = limits.messageBytes;
    this.#sendBuffer = limits.sendBuffer;
    this.#held = new RetransmissionQueue({ own: mostHeld(limits), all: limits.resendBuffer });
    this.#batch = new Batch(flusher, this, this.#held);
  }

  /** Bytes waiting to be sent. */
  get buffered(): number {
    return this.#exit.backlog + this.#batch.length;
  }

  /** The number of the record that leaves next; those of lower numbers have left. */
  get record(): number {
    return this.#held.next;
  }

  /** The number of the oldest record that can leave again. */
  get oldest(): number {
    return this.#held.first;
  }

  /** Bytes that may have to leave again. */
  get held(): number {
    return this.#held.bytes;
  }

  /** The other side has so many records. */
  acknowledged(records: number): void {
    if (records > this.#held.next)
      throw broken(
        `an acknowledgement of ${records} records, of which ${this.#held.next} were sent`,
      );
    this.#held.acknowledged(records, this.#batch.writer);
  }

  /** The records from this number on. */
  since(number: number): Iterable<Uint8Array> {
    return this.#held.from(number);
  }

  /** Nothing will have to leave again. */
  forget(): void {
    this.#held.stop(this.#batch.writer);
  }

  /** The other side takes payloads up to `bytes`. */
  bound(bytes: number): void {
    this.#messageBytes = Math.min(this.#messageBytes, bytes);
  }

  /** There is room again. */
  drained(): void {
    this.#congested = this.#exit.backlog > this.#sendBuffer;
  }

  leaving(encoder: FrameEncoder): void {
    this.#exit.leaving(encoder);
  }

  leave(record: Uint8Array): void {
    this.#exit.leave(record);
    if (this.#exit.backlog > this.#sendBuffer) this.#congested = true;
  }

  hello(about: Payload): void {
    this.#batch.begin().hello(about);
    this.#batch.end();
  }

  roles(list: RoleList, full: boolean): void {
    this.#batch.begin().roles(list.number, full, list.roles);
    this.#batch.end();
  }

  /** @throws TroupeError `BAD_ARGUMENT`, `BAD_PAYLOAD`, `OVERLOADED` */
  message(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.#admit(payload);
    this.#batch.begin().message(name, metadata, payload);
    this.#batch.end();
  }

  /** @throws TroupeError `BAD_ARGUMENT`, `BAD_PAYLOAD`, `OVERLOADED` */
  request(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    this.#admit(payload);
    this.#batch.begin().request(correlation, name, deadline, metadata, payload);
    this.#batch.end();
  }

  response(correlation: number, payload: Payload): void {
    if (payload.bytes.length > this.#messageBytes) {
      const { code, message } = tooLarge(payload.bytes.length, this.#messageBytes);
      this.reject(correlation, code, message, NOTHING);
      return;
    }
    this.#batch.begin().response(correlation, payload);
    this.#replied();
  }

  reject(correlation: number, code: string, message: string, details: Payload): void {
    const travelling = details.bytes.length > this.#messageBytes ? NOTHING : details;
    this.#batch.begin().reject(correlation, code, message, travelling);
    this.#replied();
  }

  cancel(correlation: number): void {
    this.#batch.begin().cancel(correlation);
    this.#batch.end();
  }

  open(
    stream: number,
    halves: number,
    name: Name,
    deadline: number,
    credit: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    this.#admit(payload);
    this.#batch.begin().open(stream, halves, name, deadline, credit, metadata, payload);
    this.#batch.end();
  }

  /** @throws TroupeError `BAD_PAYLOAD` */
  accept(stream: number, credit: number, payload: Payload): void {
    const { length } = payload.bytes;
    if (length > this.#messageBytes) throw tooLarge(length, this.#messageBytes);
    this.#batch.begin().accept(stream, credit, payload);
    this.#replied();
  }

  refuse(stream: number, code: string, message: string, details: Payload): void {
    const travelling = details.bytes.length > this.#messageBytes ? NOTHING : details;
    this.#batch.begin().refuse(stream, code, message, travelling);
    this.#replied();
  }

  data(stream: number, bytes: Uint8Array): void {
    this.#batch.begin().data(stream, bytes);
    this.#batch.end();
  }

  end(stream: number): void {
    this.#batch.begin().end(stream);
    this.#batch.end();
  }

  reset(stream: number, halves: number, code: string, message: string): void {
    this.#batch.begin().reset(stream, halves, code, message);
    this.#replied();
  }

  credit(stream: number, bytes: number): void {
    this.#batch.begin().credit(stream, bytes);
    this.#replied();
  }

  ping(nonce: number): void {
    this.#batch.beginUncounted().ping(nonce);
    this.#batch.end();
  }

  pong(nonce: number): void {
    this.#batch.beginUncounted().pong(nonce);
    this.#replied();
  }

  ack(records: number): void {
    this.#batch.beginUncounted().ack(records);
    this.#batch.end();
  }

  drain(): void {
    this.#batch.begin().drain();
    this.#batch.end();
  }

  /** The last frame; leaves at once with all that waited. */
  close(code: string, message: string): void {
    this.#batch.begin().close(code, message);
    this.#batch.end();
    this.#batch.flush();
  }

  #admit(payload: Payload): void {
    if (payload.bytes.length > this.#messageBytes) {
      throw tooLarge(payload.bytes.length, this.#messageBytes);
    }
    if (this.#congested) {
      throw new TroupeError(
        "OVERLOADED",
        `more than ${this.#sendBuffer} bytes wait to be sent to this unit; await unit.drained() before sending more`,
      );
    }
  }

  /**
   * Own calls stop at `sendBuffer`, so beyond twice as much are answers: a caller can stop asking, and
   * one who asks on without reading the answers is cut.
   */
  #replied(): void {
    this.#batch.end();
    if (!this.#congested || this.#exit.backlog <= 2 * this.#sendBuffer) return;
    this.#exit.overrun(
      new TroupeError(
        "LIMIT",
        `the other side left more than ${this.#sendBuffer} bytes of answers unread`,
      ),
    );
  }
}

const tooLarge = (length: number, most: number): TroupeError =>
  new TroupeError(
    "BAD_PAYLOAD",
    `a payload of ${length} bytes; at most ${most} are taken (limits.messageBytes on either side)`,
  );

import { Reader } from "../bytes/reader.ts";
import { broken } from "../errors.ts";
import { NamesIn } from "./names.ts";
import { Payload } from "./payload.ts";
import {
  type FrameSink,
  FrameType,
  IGNORABLE,
  MAX_METADATA,
  MAX_METADATA_VALUE,
  MAX_NAME,
  MAX_ROLES,
  MAX_TEXT,
  METADATA,
  type Metadata,
  type RoleState,
} from "./type.ts";

const ACTIVE = 1;

/** Reads the frames of one side of one connection and calls a sink with each. */
export class FrameDecoder {
  readonly #names = new NamesIn();
  #stopped = false;

  /** Reads nothing more, not even the rest of the record at hand. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Walks a record. The sink hears every frame before the first broken one.
   *
   * @returns how many frames there were
   * @throws TroupeError `PROTOCOL` when a frame does not parse, or is unknown and not ignorable
   */
  decode(record: Uint8Array, sink: FrameSink): number {
    const reader = new Reader(record);
    let frames = 0;
    while (reader.left > 0 && !this.#stopped) {
      const outer = reader.narrow(reader.varint());
      this.#frame(reader, sink);
      reader.widen(outer);
      frames++;
    }
    return frames;
  }

  #frame(reader: Reader, sink: FrameSink): void {
    const type = reader.u8();
    switch (type) {
      case FrameType.request:
      case FrameType.request | METADATA: {
        const correlation = reader.varint();
        const name = this.#names.read(reader);
        const deadline = reader.varint();
        const metadata = type & METADATA ? readMetadata(reader) : undefined;
        sink.request(correlation, name, deadline, metadata, readPayload(reader));
        return;
      }
      case FrameType.response:
        sink.response(reader.varint(), readPayload(reader));
        return;
      case FrameType.message:
      case FrameType.message | METADATA: {
        const name = this.#names.read(reader);
        const metadata = type & METADATA ? readMetadata(reader) : undefined;
        sink.message(name, metadata, readPayload(reader));
        return;
      }
      case FrameType.reject: {
        const correlation = reader.varint();
        const code = reader.text(MAX_NAME);
        const message = reader.text(MAX_TEXT);
        sink.reject(correlation, code, message, readPayload(reader));
        return;
      }
      case FrameType.hello:
        sink.hello(readPayload(reader));
        return;
      case FrameType.roles:
        readRoles(reader, sink);
        return;
      case FrameType.close: {
        const code = reader.text(MAX_NAME);
        sink.close(code, finishText(reader));
        return;
      }
      case FrameType.cancel:
        sink.cancel(finishNumber(reader));
        return;
      case FrameType.ping:
        sink.ping(finishNumber(reader));
        return;
      case FrameType.pong:
        sink.pong(finishNumber(reader));
        return;
      case FrameType.drain:
        reader.finish();
        sink.drain();
        return;
      case FrameType.data:
        sink.data(reader.varint(), reader.rest());
        return;
      case FrameType.ack:
        sink.ack(finishNumber(reader));
        return;
      case FrameType.resume:
        sink.resume(finishNumber(reader));
        return;
      default:
        if (!this.#streamFrame(type, reader, sink) && (type & IGNORABLE) === 0) {
          throw broken(`unknown frame type ${type}`);
        }
    }
  }

  /** All of a stream's but DATA. Returns whether it is one. */
  #streamFrame(type: number, reader: Reader, sink: FrameSink): boolean {
    switch (type) {
      case FrameType.credit: {
        const stream = reader.varint();
        sink.credit(stream, finishNumber(reader));
        return true;
      }
      case FrameType.open:
      case FrameType.open | METADATA: {
        const stream = reader.varint();
        const halves = readHalves(reader);
        const name = this.#names.read(reader);
        const deadline = reader.varint();
        const credit = reader.varint();
        const metadata = type & METADATA ? readMetadata(reader) : undefined;
        sink.open(stream, halves, name, deadline, credit, metadata, readPayload(reader));
        return true;
      }
      case FrameType.accept: {
        const stream = reader.varint();
        const credit = reader.varint();
        sink.accept(stream, credit, readPayload(reader));
        return true;
      }
      case FrameType.refuse: {
        const stream = reader.varint();
        const code = reader.text(MAX_NAME);
        const message = reader.text(MAX_TEXT);
        sink.refuse(stream, code, message, readPayload(reader));
        return true;
      }
      case FrameType.end:
        sink.end(finishNumber(reader));
        return true;
      case FrameType.reset: {
        const stream = reader.varint();
        const halves = readHalves(reader);
        const code = reader.text(MAX_NAME);
        sink.reset(stream, halves, code, finishText(reader));
        return true;
      }
      default:
        return false;
    }
  }
}

function readPayload(reader: Reader): Payload {
  const tag = reader.u8();
  return new Payload(tag, reader.rest());
}

function readHalves(reader: Reader): number {
  const halves = reader.u8();
  if (halves < 1 || halves > 3) throw broken(`${halves} stands for no half of a stream`);
  return halves;
}

function finishNumber(reader: Reader): number {
  const value = reader.varint();
  reader.finish();
  return value;
}

function finishText(reader: Reader): string {
  const text = reader.text(MAX_TEXT);
  reader.finish();
  return text;
}

function readMetadata(reader: Reader): Metadata {
  const count = reader.varint();
  if (count > MAX_METADATA)
    throw broken(`${count} metadata entries where at most ${MAX_METADATA} are allowed`);
  const entries: [string, string][] = [];
  for (let i = 0; i < count; i++)
    entries.push([reader.text(MAX_NAME), reader.text(MAX_METADATA_VALUE)]);
  // fromEntries defines properties: a key of "__proto__" becomes one, and no prototype.
  return Object.fromEntries(entries);
}

function readRoles(reader: Reader, sink: FrameSink): void {
  const number = reader.varint();
  const full = reader.u8() === 1;
  const count = reader.varint();
  if (count > MAX_ROLES) throw broken(`${count} roles where at most ${MAX_ROLES} are allowed`);
  const roles: RoleState[] = [];
  for (let i = 0; i < count; i++) {
    const active = (reader.u8() & ACTIVE) !== 0;
    roles.push({ active, name: reader.text(MAX_NAME), version: reader.text(MAX_NAME) });
  }
  reader.finish();
  sink.roles(number, full, roles);
}

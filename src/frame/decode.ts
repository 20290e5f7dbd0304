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
   * @throws TroupeError `PROTOCOL` when a frame does not parse, or is unknown and not ignorable
   */
  decode(record: Uint8Array, sink: FrameSink): void {
    const reader = new Reader(record);
    while (reader.left > 0 && !this.#stopped) {
      const outer = reader.narrow(reader.varint());
      this.#frame(reader, sink);
      reader.widen(outer);
    }
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
      default:
        if ((type & IGNORABLE) === 0) throw broken(`unknown frame type ${type}`);
    }
  }
}

function readPayload(reader: Reader): Payload {
  const tag = reader.u8();
  return new Payload(tag, reader.rest());
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

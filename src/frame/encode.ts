import { encodeText } from "../bytes/text.ts";
import { varintLength } from "../bytes/varint.ts";
import { prefixedLength, Writer } from "../bytes/writer.ts";
import { badArgument } from "../errors.ts";
import { NamesOut, nameLength, writeName } from "./names.ts";
import type { Payload } from "./payload.ts";
import {
  type FrameSink,
  FrameType,
  MAX_METADATA,
  MAX_METADATA_VALUE,
  MAX_NAME,
  MAX_TEXT,
  METADATA,
  type Metadata,
  type Name,
  type RoleState,
} from "./type.ts";

const ACTIVE = 1;

/** Writes frames. Each is `length type fields`; the length counts what follows it. */
export class FrameEncoder implements FrameSink {
  /** Where frames go; its owner may put another one in between two frames. */
  writer: Writer;
  readonly #names = new NamesOut();

  constructor(writer: Writer) {
    this.writer = writer;
  }

  /** HELLO: payload */
  hello(about: Payload): void {
    this.#start(FrameType.hello, 1 + about.bytes.length);
    this.#payload(about);
  }

  /** ROLES: number full(u8) count (flags(u8) name version)* */
  roles(number: number, full: boolean, roles: readonly RoleState[]): void {
    const entries = roles.map((role) => ({
      flags: role.active ? ACTIVE : 0,
      name: encodeText(role.name),
      version: encodeText(role.version),
    }));
    let length = varintLength(number) + 1 + varintLength(entries.length);
    for (const { name, version } of entries) {
      length += 1 + prefixedLength(name.length) + prefixedLength(version.length);
    }
    this.#start(FrameType.roles, length);
    this.writer.varint(number);
    this.writer.u8(full ? 1 : 0);
    this.writer.varint(entries.length);
    for (const { flags, name, version } of entries) {
      this.writer.u8(flags);
      this.writer.prefixed(name);
      this.writer.prefixed(version);
    }
  }

  /** MESSAGE: name metadata? payload */
  message(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    const fields = metadata === undefined ? undefined : encodeMetadata(metadata);
    const reference = this.#names.refer(name);
    const length = nameLength(reference) + (fields?.length ?? 0) + 1 + payload.bytes.length;
    this.#start(fields === undefined ? FrameType.message : FrameType.message | METADATA, length);
    writeName(this.writer, reference);
    if (fields !== undefined) this.writer.bytes(fields);
    this.#payload(payload);
  }

  /** REQUEST: correlation name deadline metadata? payload */
  request(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    const fields = metadata === undefined ? undefined : encodeMetadata(metadata);
    const reference = this.#names.refer(name);
    const length =
      varintLength(correlation) +
      nameLength(reference) +
      varintLength(deadline) +
      (fields?.length ?? 0) +
      1 +
      payload.bytes.length;
    this.#start(fields === undefined ? FrameType.request : FrameType.request | METADATA, length);
    this.writer.varint(correlation);
    writeName(this.writer, reference);
    this.writer.varint(deadline);
    if (fields !== undefined) this.writer.bytes(fields);
    this.#payload(payload);
  }

  /** RESPONSE: correlation payload */
  response(correlation: number, payload: Payload): void {
    this.#start(FrameType.response, varintLength(correlation) + 1 + payload.bytes.length);
    this.writer.varint(correlation);
    this.#payload(payload);
  }

  /** REJECT: correlation code message details(payload) */
  reject(correlation: number, code: string, message: string, details: Payload): void {
    this.#failure(FrameType.reject, correlation, code, message, details);
  }

  /** CANCEL: correlation */
  cancel(correlation: number): void {
    this.#number(FrameType.cancel, correlation);
  }

  /** PING: nonce */
  ping(nonce: number): void {
    this.#number(FrameType.ping, nonce);
  }

  /** PONG: nonce */
  pong(nonce: number): void {
    this.#number(FrameType.pong, nonce);
  }

  /** DRAIN: nothing */
  drain(): void {
    this.#start(FrameType.drain, 0);
  }

  /** CLOSE: code message */
  close(code: string, message: string): void {
    const codeBytes = encodeText(code);
    const text = cutText(message);
    this.#start(FrameType.close, prefixedLength(codeBytes.length) + prefixedLength(text.length));
    this.writer.prefixed(codeBytes);
    this.writer.prefixed(text);
  }

  /** OPEN: stream halves(u8) name deadline credit metadata? payload */
  open(
    stream: number,
    halves: number,
    name: Name,
    deadline: number,
    credit: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    const fields = metadata === undefined ? undefined : encodeMetadata(metadata);
    const reference = this.#names.refer(name);
    const length =
      varintLength(stream) +
      1 +
      nameLength(reference) +
      varintLength(deadline) +
      varintLength(credit) +
      (fields?.length ?? 0) +
      1 +
      payload.bytes.length;
    this.#start(fields === undefined ? FrameType.open : FrameType.open | METADATA, length);
    this.writer.varint(stream);
    this.writer.u8(halves);
    writeName(this.writer, reference);
    this.writer.varint(deadline);
    this.writer.varint(credit);
    if (fields !== undefined) this.writer.bytes(fields);
    this.#payload(payload);
  }

  /** ACCEPT: stream credit payload */
  accept(stream: number, credit: number, payload: Payload): void {
    const length = varintLength(stream) + varintLength(credit) + 1 + payload.bytes.length;
    this.#start(FrameType.accept, length);
    this.writer.varint(stream);
    this.writer.varint(credit);
    this.#payload(payload);
  }

  /** REFUSE: stream code message details(payload) */
  refuse(stream: number, code: string, message: string, details: Payload): void {
    this.#failure(FrameType.refuse, stream, code, message, details);
  }

  /** DATA: stream bytes */
  data(stream: number, bytes: Uint8Array): void {
    this.#start(FrameType.data, varintLength(stream) + bytes.length);
    this.writer.varint(stream);
    this.writer.bytes(bytes);
  }

  /** END: stream */
  end(stream: number): void {
    this.#number(FrameType.end, stream);
  }

  /** RESET: stream halves(u8) code message */
  reset(stream: number, halves: number, code: string, message: string): void {
    const codeBytes = encodeText(code);
    const text = cutText(message);
    const length =
      varintLength(stream) + 1 + prefixedLength(codeBytes.length) + prefixedLength(text.length);
    this.#start(FrameType.reset, length);
    this.writer.varint(stream);
    this.writer.u8(halves);
    this.writer.prefixed(codeBytes);
    this.writer.prefixed(text);
  }

  /** CREDIT: stream bytes(varint) */
  credit(stream: number, bytes: number): void {
    this.#start(FrameType.credit, varintLength(stream) + varintLength(bytes));
    this.writer.varint(stream);
    this.writer.varint(bytes);
  }

  /** ACK: records */
  ack(records: number): void {
    this.#number(FrameType.ack, records);
  }

  /** RESUME: records */
  resume(records: number): void {
    this.#number(FrameType.resume, records);
  }

  #failure(type: number, id: number, code: string, message: string, details: Payload): void {
    const codeBytes = encodeText(code);
    const text = cutText(message);
    const length =
      varintLength(id) +
      prefixedLength(codeBytes.length) +
      prefixedLength(text.length) +
      1 +
      details.bytes.length;
    this.#start(type, length);
    this.writer.varint(id);
    this.writer.prefixed(codeBytes);
    this.writer.prefixed(text);
    this.#payload(details);
  }

  #start(type: number, fields: number): void {
    this.writer.reserve(fields + 9);
    this.writer.varint(fields + 1);
    this.writer.u8(type);
  }

  #number(type: number, value: number): void {
    this.#start(type, varintLength(value));
    this.writer.varint(value);
  }

  #payload(payload: Payload): void {
    this.writer.u8(payload.tag);
    this.writer.bytes(payload.bytes);
  }
}

/** Metadata on the wire: count (key value)*, each text with its length. */
function encodeMetadata(metadata: Metadata): Uint8Array {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA) {
    throw badArgument(`metadata has ${entries.length} entries; at most ${MAX_METADATA} travel`);
  }
  const writer = new Writer();
  writer.varint(entries.length);
  for (const [key, value] of entries) {
    if (typeof value !== "string") throw badArgument(`metadata.${key} is not a string`);
    writer.prefixed(checkedText(key, MAX_NAME));
    writer.prefixed(checkedText(value, MAX_METADATA_VALUE));
  }
  return writer.view();
}

function checkedText(text: string, limit: number): Uint8Array {
  const bytes = encodeText(text);
  if (bytes.length > limit)
    throw badArgument(`metadata text of ${bytes.length} bytes; at most ${limit} travel`);
  return bytes;
}

/** Texts for people may be cut: better a shorter reason than none. */
function cutText(text: string): Uint8Array {
  const bytes = encodeText(text);
  if (bytes.length <= MAX_TEXT) return bytes;
  let end = MAX_TEXT;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

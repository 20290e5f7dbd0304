import { EMPTY } from "../bytes/bytes.ts";
import { decodeText, encodeText } from "../bytes/text.ts";
import { broken } from "../errors.ts";
import { decodeStructure, encodeStructure } from "./structure.ts";

/** Kinds of data as a user sees them. */
export type DataType = "binary" | "null" | "boolean" | "string" | "number" | "object";

/** The payload's first byte on the wire. */
const Tag = { null: 0, false: 1, true: 2, binary: 3, string: 4, number: 5, object: 6 } as const;

const TYPES: readonly DataType[] = [
  "null",
  "boolean",
  "boolean",
  "binary",
  "string",
  "number",
  "object",
];

/** Data as it travels: a tag, and bytes that are read when somebody asks for the value. */
export class Payload {
  /** What kind of data, as on the wire. */
  readonly tag: number;
  /** The data without its tag. */
  readonly bytes: Uint8Array;

  constructor(tag: number, bytes: Uint8Array) {
    this.tag = tag;
    this.bytes = bytes;
  }

  /** What kind of data, by name. */
  get type(): DataType {
    const type = TYPES[this.tag];
    if (type === undefined) throw broken(`payload of unknown type ${this.tag}`);
    return type;
  }
}

/** No data: what travels for null, and where there is nothing to tell. */
export const NOTHING: Payload = new Payload(Tag.null, EMPTY);
const FALSE = new Payload(Tag.false, EMPTY);
const TRUE = new Payload(Tag.true, EMPTY);

/**
 * Data to payload. Bytes (`Uint8Array`, `Buffer`, `ArrayBuffer`) are taken as they are and not copied;
 * `undefined` travels as null.
 *
 * @throws TroupeError `BAD_PAYLOAD` for functions, symbols and what contains them
 */
export function encodePayload(data: unknown): Payload {
  switch (typeof data) {
    case "undefined":
      return NOTHING;
    case "boolean":
      return data ? TRUE : FALSE;
    case "string":
      return new Payload(Tag.string, encodeText(data));
    case "number":
      return new Payload(Tag.number, encodeNumber(data));
    default:
      if (data === null) return NOTHING;
      if (data instanceof Uint8Array) return new Payload(Tag.binary, data);
      if (data instanceof ArrayBuffer) return new Payload(Tag.binary, new Uint8Array(data));
      return new Payload(Tag.object, encodeStructure(data));
  }
}

/**
 * Payload to data. Binary data is a view of the received record: keeping a small part of it keeps
 * the whole record, so copy what is to live long.
 *
 * @throws TroupeError `PROTOCOL` when the bytes are not what the tag says
 */
export function decodePayload(payload: Payload): unknown {
  const { tag, bytes } = payload;
  switch (tag) {
    case Tag.binary:
      return bytes;
    case Tag.string:
      return decodeText(bytes);
    case Tag.number:
      return decodeNumber(bytes);
    case Tag.object:
      return decodeStructure(bytes);
    case Tag.null:
    case Tag.false:
    case Tag.true:
      if (bytes.length > 0) throw broken("payload longer than its type");
      return tag === Tag.null ? null : tag === Tag.true;
    default:
      throw broken(`payload of unknown type ${tag}`);
  }
}

/** A float64, big-endian (IEEE 754): every number travels exactly, -0 and NaN included. */
function encodeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function decodeNumber(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw broken("a number that is not 8 bytes");
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

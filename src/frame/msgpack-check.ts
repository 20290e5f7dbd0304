import { broken } from "../errors.ts";

/** Our extension for Map: this header, then an array of keys and values in turn. */
export const EXT_MAP = 0x6d;
/** An Error: this header, then an array of its name, message and cause. */
export const EXT_ERROR = 0x6e;

const EXT_UNDEFINED = 0x00;
const EXT_BIGINT = 0x42;
const EXT_SET = 0x73;
const EXT_TYPED = 0x74;
const EXT_DATE = 0xff;

/**
 * Walks msgpack bytes from a stranger before a decoder sees them. Decoders reserve memory for the
 * lengths they are told and know extensions that move their cursor or compile code; after this walk
 * each length has its bytes, nesting is bounded and only extensions that carry plain data are left.
 *
 * Source: the msgpack specification, and the extensions of msgpackr that we write.
 *
 * @throws TroupeError `PROTOCOL` for anything that we would not have written
 */
export function checkMsgpack(bytes: Uint8Array, maxDepth: number): void {
  announced = 0;
  const end = skipValue(bytes, 0, maxDepth);
  if (end !== bytes.length)
    throw broken(`structured payload: ${bytes.length - end} bytes too many`);
}

/** @returns the offset behind the value at `at` */
function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const token = byteAt(bytes, at++);
  if (token < 0x80 || token >= 0xe0) return at;
  if (token < 0x90) return skipValues(bytes, at, 2 * (token & 0x0f), depth);
  if (token < 0xa0) return skipValues(bytes, at, token & 0x0f, depth);
  if (token < 0xc0) return skipBytes(bytes, at, token & 0x1f);
  switch (token) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return at;
    case 0xc4: // bin 8
    case 0xd9: // str 8
      return skipBytes(bytes, at + 1, uintAt(bytes, at, 1));
    case 0xc5: // bin 16
    case 0xda: // str 16
      return skipBytes(bytes, at + 2, uintAt(bytes, at, 2));
    case 0xc6: // bin 32
    case 0xdb: // str 32
      return skipBytes(bytes, at + 4, uintAt(bytes, at, 4));
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return skipBytes(bytes, at, 1);
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return skipBytes(bytes, at, 2);
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return skipBytes(bytes, at, 4);
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return skipBytes(bytes, at, 8);
    case 0xdc: // array 16
      return skipValues(bytes, at + 2, uintAt(bytes, at, 2), depth);
    case 0xdd: // array 32
      return skipValues(bytes, at + 4, uintAt(bytes, at, 4), depth);
    case 0xde: // map 16
      return skipValues(bytes, at + 2, 2 * uintAt(bytes, at, 2), depth);
    case 0xdf: // map 32
      return skipValues(bytes, at + 4, 2 * uintAt(bytes, at, 4), depth);
    case 0xd4: // fixext 1
    case 0xd5: // fixext 2
    case 0xd6: // fixext 4
    case 0xd7: // fixext 8
    case 0xd8: // fixext 16
      return skipExtension(bytes, at, 1 << (token - 0xd4), depth);
    case 0xc7: // ext 8
      return skipExtension(bytes, at + 1, uintAt(bytes, at, 1), depth);
    case 0xc8: // ext 16
      return skipExtension(bytes, at + 2, uintAt(bytes, at, 2), depth);
    case 0xc9: // ext 32
      return skipExtension(bytes, at + 4, uintAt(bytes, at, 4), depth);
    default:
      throw broken(`structured payload: unknown token ${token}`);
  }
}

/** Most values in one payload: a byte each on the wire, some fifty each in memory. */
export const MAX_VALUES = 1_000_000;

/** Values announced so far in the walk that runs; walks do not interleave. */
let announced = 0;

function skipValues(bytes: Uint8Array, at: number, count: number, depth: number): number {
  announced += count;
  if (announced > MAX_VALUES) throw broken(`structured payload: more than ${MAX_VALUES} values`);
  if (depth === 0) throw broken("structured payload: nested too deep");
  if (count > bytes.length - at)
    throw broken(`structured payload: ${count} items announced, bytes for fewer`);
  for (let i = 0; i < count; i++) at = skipValue(bytes, at, depth - 1);
  return at;
}

/** `at` is the type byte; `length` bytes of data follow it. */
function skipExtension(bytes: Uint8Array, at: number, length: number, depth: number): number {
  const type = byteAt(bytes, at);
  const end = skipBytes(bytes, at + 1, length);
  switch (type) {
    case EXT_UNDEFINED:
    case EXT_BIGINT:
    case EXT_TYPED:
    case EXT_DATE:
      return end;
    case EXT_MAP:
    case EXT_SET:
    case EXT_ERROR:
      // The data byte is filler; what the extension is about follows as an array.
      if (length !== 1 || !isArray(byteAt(bytes, end)))
        throw broken("structured payload: bad extension");
      // The two are one level, as they are where payloads are made.
      return skipValue(bytes, end, depth);
    default:
      throw broken(`structured payload: unknown extension ${type}`);
  }
}

const isArray = (token: number): boolean =>
  (token >= 0x90 && token < 0xa0) || token === 0xdc || token === 0xdd;

function skipBytes(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw broken("structured payload: truncated");
  return at + count;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw broken("structured payload: truncated");
  return byte;
}

function uintAt(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + byteAt(bytes, at + i);
  return value;
}

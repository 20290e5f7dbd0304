import { decodePayload, type Payload } from "../../src/frame/payload.ts";
import { hex } from "../crypto/support.ts";
import type { Frame } from "./support.ts";

/** How values that JSON lacks are written down in test/vectors/frame.json: `{ "$": what it is, ... }`. */
export const NOTATION: string =
  'Values that JSON lacks are objects with a "$": undefined; number (NaN, Infinity, -Infinity, -0 as text); BigInt (decimal text); Date (milliseconds since 1970, null for an invalid one); bytes (hex); ArrayBuffer (hex); typed arrays by their names (items as text); Map (entries); Set (items); Error (name, message, cause if any).';

const named = (what: string, rest: object = {}): object => ({ $: what, ...rest });

/** A value in that notation. */
export function noted(value: unknown): unknown {
  switch (typeof value) {
    case "undefined":
      return named("undefined");
    case "bigint":
      return named("BigInt", { value: String(value) });
    case "number":
      if (Object.is(value, -0)) return named("number", { value: "-0" });
      return Number.isFinite(value) ? value : named("number", { value: String(value) });
    case "object":
      return value === null ? null : notedObject(value);
    default:
      return value;
  }
}

function notedObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(noted);
  if (value instanceof Date)
    return named("Date", { value: Number.isNaN(value.getTime()) ? null : value.getTime() });
  if (value instanceof Map) {
    return named("Map", { entries: [...value].map((entry) => entry.map(noted)) });
  }
  if (value instanceof Set) return named("Set", { items: [...value].map(noted) });
  if (value instanceof Error) {
    const { name, message, cause } = value;
    return named("Error", { name, message, ...("cause" in value ? { cause: noted(cause) } : {}) });
  }
  if (value instanceof Uint8Array) return named("bytes", { hex: hex(value) });
  if (value instanceof ArrayBuffer)
    return named("ArrayBuffer", { hex: hex(new Uint8Array(value)) });
  if (ArrayBuffer.isView(value)) {
    const items = Array.from(value as unknown as ArrayLike<number | bigint>, String);
    return named(value.constructor.name, { items });
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, noted(item)]));
}

const payload = (payload: Payload): object => ({
  type: payload.type,
  value: noted(decodePayload(payload)),
});

/** A frame in that notation: its name, and its fields in the order of the wire. */
export function notedFrame(frame: Frame): { readonly frame: string; readonly fields: object } {
  return { frame: frame[0].toUpperCase(), fields: fieldsOf(frame) };
}

function fieldsOf(frame: Frame): object {
  switch (frame[0]) {
    case "hello":
      return { payload: payload(frame[1]) };
    case "roles":
      return { number: frame[1], full: frame[2], roles: frame[3] };
    case "message":
      return { ...frame[1], ...(frame[2] && { metadata: frame[2] }), payload: payload(frame[3]) };
    case "request": {
      const [, correlation, name, deadline, metadata, data] = frame;
      return {
        correlation,
        ...name,
        deadline,
        ...(metadata && { metadata }),
        payload: payload(data),
      };
    }
    case "response":
      return { correlation: frame[1], payload: payload(frame[2]) };
    case "reject":
      return {
        correlation: frame[1],
        code: frame[2],
        message: frame[3],
        details: payload(frame[4]),
      };
    case "cancel":
      return { correlation: frame[1] };
    case "ping":
    case "pong":
      return { nonce: frame[1] };
    case "ack":
    case "resume":
      return { records: frame[1] };
    case "drain":
      return {};
    case "close":
      return { code: frame[1], message: frame[2] };
    case "open": {
      const [, stream, halves, name, deadline, credit, metadata, data] = frame;
      return {
        stream,
        halves,
        ...name,
        deadline,
        credit,
        ...(metadata && { metadata }),
        payload: payload(data),
      };
    }
    case "accept":
      return { stream: frame[1], credit: frame[2], payload: payload(frame[3]) };
    case "refuse":
      return {
        stream: frame[1],
        code: frame[2],
        message: frame[3],
        details: payload(frame[4]),
      };
    case "data":
      return { stream: frame[1], bytes: hex(frame[2]) };
    case "end":
      return { stream: frame[1] };
    case "reset":
      return { stream: frame[1], halves: frame[2], code: frame[3], message: frame[4] };
    case "credit":
      return { stream: frame[1], bytes: frame[2] };
  }
}

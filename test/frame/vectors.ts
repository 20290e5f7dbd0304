import { concat } from "../../src/bytes/bytes.ts";
import { encodeHello } from "../../src/connection/native/introduction.ts";
import { TroupeError } from "../../src/errors.ts";
import { decodePayload, encodePayload, Payload } from "../../src/frame/payload.ts";
import { bytes, hex } from "../crypto/support.ts";
import { NOTATION, noted, notedFrame } from "./notation.ts";
import { decoded, encoded, encodedOneByOne, type Frame, raw } from "./support.ts";

/** The shape of test/vectors/frame.json. */
export interface FrameVectors {
  readonly note: string;
  readonly connections: readonly ConnectionVector[];
  readonly payloads: readonly PayloadVector[];
  readonly malformedRecords: readonly MalformedRecord[];
  readonly malformedPayloads: readonly MalformedPayload[];
}

interface ConnectionVector {
  readonly comment: string;
  readonly frames: readonly {
    readonly frame: string;
    readonly fields: object;
    readonly bytes: string;
  }[];
}

interface PayloadVector {
  readonly comment: string;
  readonly type: string;
  readonly tag: number;
  readonly value: unknown;
  readonly bytes: string;
}

interface MalformedRecord {
  readonly comment: string;
  readonly record: string;
  /** The frames heard before the broken one, or behind a skipped one. */
  readonly heard: readonly string[];
  readonly reaction: "cut" | "skip";
  readonly code?: string;
}

interface MalformedPayload {
  readonly comment: string;
  readonly tag: number;
  readonly bytes: string;
  readonly code: string;
}

const NOTE = [
  "Frames and payloads. Bytes are hexadecimal. Each connection starts with no names known; its frames",
  "follow one another, in as many or as few records as one likes. A payload's bytes stand behind its",
  'tag. reaction "cut": the connection ends with the code, and what was heard before counts; "skip":',
  "it goes on. A malformed payload makes the call it belongs to fail with the code.",
  NOTATION,
].join(" ");

const NOTHING = encodePayload(null);
const hello = { role: "greeter", event: "hello" };
const bye = { role: "greeter", event: "bye" };

const INTRODUCTION: Frame = [
  "hello",
  encodeHello(
    {
      name: "alice",
      friendly: true,
      addresses: ["ws://127.0.0.1:9000"],
      tags: { zone: "a" },
      meta: { os: "linux", uptime: 12 },
    },
    { messageBytes: 16_777_216, requests: 65_536, streams: 4096 },
    { time: 10_000, name: "000102030405060708090a0b0c0d0e0f" },
  ),
];
const ROLES: Frame = [
  "roles",
  0,
  true,
  [
    { name: "greeter", active: true, version: "1.2.3" },
    { name: "sleeper", active: false, version: "" },
  ],
];
const CONNECTIONS: readonly (readonly [string, ...Frame[]])[] = [
  [
    "a whole one: introduction, roles, a request and its answer, a role that changes, goodbye",
    INTRODUCTION,
    ROLES,
    ["ping", 1],
    ["pong", 1],
    ["request", 0, hello, 60_000, undefined, encodePayload("Ada")],
    ["response", 0, encodePayload("Hello, Ada!")],
    ["roles", 1, false, [{ name: "sleeper", active: true, version: "" }]],
    ["drain"],
    ["close", "CLOSED", "this peer is closed"],
  ],
  [
    "names: defined, by number, two events of one role, and one that is empty",
    ["message", hello, undefined, NOTHING],
    ["message", hello, undefined, encodePayload(true)],
    ["message", bye, undefined, encodePayload(false)],
    ["request", 1, bye, 0, undefined, NOTHING],
    ["message", { role: "", event: "" }, undefined, NOTHING],
    ["message", { role: "é", event: "🎭" }, undefined, NOTHING],
    ["message", hello, undefined, NOTHING],
  ],
  [
    "metadata: none, no entries, two entries, not ASCII",
    ["request", 7, hello, 1000, {}, NOTHING],
    [
      "request",
      8,
      hello,
      1000,
      { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tenant: "7" },
      NOTHING,
    ],
    ["message", hello, { ключ: "значение" }, encodePayload(1)],
  ],
  [
    "numbers: the last and the first of each length",
    ...[0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 42, 2 ** 49, 2 ** 53 - 1].map(
      (nonce): Frame => ["ping", nonce],
    ),
  ],
  [
    "failures: a reject without and with details, a cancel and the reject that answers it",
    ["reject", 3, "NO_EVENT", 'role "greeter" does not handle "x"', NOTHING],
    ["reject", 300, "REJECTED", "no seats left", encodePayload({ seats: 0 })],
    ["cancel", 300],
    ["reject", 300, "CANCELLED", "the caller gave up", NOTHING],
  ],
  [
    "streams: read by the opener, of both sides with metadata, refused, failed in one half",
    ["open", 0, 1, hello, 60_000, 262_144, undefined, encodePayload("a")],
    ["accept", 1, 0, NOTHING],
    ["data", 1, bytes("6869")],
    ["credit", 0, 131_072],
    ["data", 1, new Uint8Array(0)],
    ["end", 1],
    ["open", 131_074, 3, hello, 0, 16_384, { tenant: "7" }, NOTHING],
    ["reset", 131_075, 1, "REJECTED", "disk full"],
    ["open", 4, 2, bye, 1000, 0, undefined, NOTHING],
    ["refuse", 5, "NO_EVENT", 'role "greeter" does not handle "bye"', encodePayload({ a: 1 })],
  ],
];

const VALUES: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["undefined, which travels as null", undefined],
  ["false", false],
  ["true", true],
  ["no bytes", new Uint8Array(0)],
  ["bytes", Uint8Array.of(0, 1, 254, 255)],
  ["an empty text", ""],
  ["text", "Grüße 🎭"],
  ["a number", 1.5],
  ["minus zero", -0],
  ["not a number", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["the largest exact integer", Number.MAX_SAFE_INTEGER],
  ["an empty object", {}],
  ["an empty array", []],
  ["an object", { a: 1, b: "two", c: [true, null], "": undefined }],
  ["integers of each size", [0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296]],
  ["negative integers of each size", [-1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648]],
  ["fractions and what is none", [0.5, 1e300, Number.NaN, Number.NEGATIVE_INFINITY]],
  ["texts of each length", ["a".repeat(31), "a".repeat(32), "é".repeat(128)]],
  [
    "a date in whole seconds, before 1970, with milliseconds, and none",
    [new Date(1_700_000_000_000), new Date(-1), new Date(1_700_000_000_123), new Date(Number.NaN)],
  ],
  ["BigInts of 64 bits and more", [0n, -1n, 2n ** 63n - 1n, 2n ** 64n, -(2n ** 100n)]],
  [
    "a Map",
    new Map<unknown, unknown>([
      ["k", 1],
      [2, [3]],
    ]),
  ],
  [
    "a Map in a Map, with a Set for a key",
    new Map([[new Set([1]), new Map([["deep", new Date(0)]])]]),
  ],
  ["a Set", new Set([1, "two", null])],
  ["bytes within a structure", { bytes: Buffer.from([1, 2, 3]) }],
  [
    "typed arrays",
    [
      Uint8Array.of(1),
      Int8Array.of(-1),
      Uint8ClampedArray.of(1),
      Int16Array.of(-2),
      Uint16Array.of(2),
      Int32Array.of(-3),
      Uint32Array.of(3),
      Float32Array.of(0.5),
      Float64Array.of(0.25),
      BigInt64Array.of(-4n),
      BigUint64Array.of(4n),
      Uint8Array.of(5, 6).buffer,
    ],
  ],
  ["an Error", new Error("no seats left")],
  ["a TypeError with a cause", [new TypeError("outer", { cause: new RangeError("inner") })]],
];

const PING = encoded(["ping", 1]);
const shaped = (comment: string, ...records: readonly Uint8Array[]): MalformedRecord => {
  const record = concat(...records);
  const { frames, thrown } = decoded(record);
  return {
    comment,
    record: hex(record),
    heard: frames.map(([kind]) => kind.toUpperCase()),
    ...(thrown instanceof TroupeError
      ? { reaction: "cut" as const, code: thrown.code }
      : { reaction: "skip" as const }),
  };
};

const malformedRecords = (): MalformedRecord[] => [
  shaped("an unknown type that may be ignored", raw(0x80 | 21, 1, 2), PING),
  shaped("an open that ends behind its halves", PING, raw(12, 1, 2), PING),
  shaped("a type kept for later, not to be ignored", PING, raw(19, 1, 2), PING),
  shaped("type 0", raw(0), PING),
  shaped("a frame of no bytes", PING, Uint8Array.of(0)),
  shaped("a frame longer than its record", PING, Uint8Array.of(5, 8, 1)),
  shaped("a length that never ends", PING, new Uint8Array(9).fill(0x80)),
  shaped("a length above 2^53 - 1", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  shaped("a ping with a byte too many", raw(8, 1, 0)),
  shaped("a ping without a number", raw(8)),
  shaped("a drain with a byte", raw(10, 0)),
  shaped("a message whose name number was never defined", raw(3, 2, 0)),
  shaped("a message without a payload tag", raw(3, 0, 0, 0)),
  shaped("a name that is not UTF-8", raw(3, 0, 1, 0xff, 0, 0)),
  shaped("a response with metadata, which it cannot have", raw(5 | 0x40, 0, 0)),
  shaped("metadata of 33 entries", raw(3 | 0x40, 0, 0, 0, 33)),
  shaped("roles without all that were announced", raw(2, 0, 1, 2, 1, 0, 0)),
  shaped("4,097 roles", raw(2, 0, 1, 0x81, 0x20)),
  shaped("a close whose text is cut short", raw(11, 1, 65, 2, 66)),
  shaped("an open of no half", PING, raw(12, 0, 0, 0, 0, 0, 0, 0, 0)),
  shaped("an open of more halves than there are", raw(12, 0, 4, 0, 0, 0, 0, 0, 0)),
  shaped("a reset of no half", raw(17, 0, 0, 0, 0)),
  shaped("a reset and a byte more", raw(17, 0, 3, 0, 0, 0)),
  shaped("an end and a byte more", raw(16, 0, 0)),
  shaped("credit and a byte more", raw(18, 0, 1, 0)),
  shaped("data with metadata, which it cannot have", raw(15 | 0x40, 0, 0)),
  shaped("an accept without a payload tag", raw(13, 1, 0)),
  shaped("a number in more bytes than it needs, which is taken", raw(8, 0x81, 0x00)),
];

const refusedPayload = (comment: string, tag: number, text: string): MalformedPayload => {
  try {
    decodePayload(new Payload(tag, bytes(text)));
  } catch (thrown) {
    if (thrown instanceof TroupeError) return { comment, tag, bytes: text, code: thrown.code };
  }
  throw new Error(`taken: ${comment}`);
};

const malformedPayloads = (): MalformedPayload[] => [
  refusedPayload("a type there is not", 7, ""),
  refusedPayload("null with a byte", 0, "00"),
  refusedPayload("true with a byte", 2, "01"),
  refusedPayload("text that is not UTF-8", 4, "ff"),
  refusedPayload("a number of four bytes", 5, "3f800000"),
  refusedPayload("an object of no bytes", 6, ""),
  refusedPayload("an object and a byte more", 6, "9000"),
  refusedPayload("an array that announces 2^32 - 1 items", 6, "ddffffffff"),
  refusedPayload("a text that announces 4 GiB", 6, "dbffffffff61"),
  refusedPayload("65 arrays in one another", 6, `${"91".repeat(65)}c0`),
  refusedPayload("the token nobody uses", 6, "c1"),
  refusedPayload("a record definition of msgpackr", 6, "d4724091a161"),
  refusedPayload("a bundle of msgpackr", 6, "c7046200000000c0"),
  refusedPayload("a regular expression of msgpackr", 6, "d4780092a128a0"),
  refusedPayload("an unknown extension", 6, "d40100"),
  refusedPayload("a Map that is no array of keys and values", 6, "d46d00a161"),
  refusedPayload("an Error whose name is no text", 6, "d46e0093c0a178c0"),
];

/** Makes all of them from the code. */
export const makeFrameVectors = (): FrameVectors => ({
  note: NOTE,
  connections: CONNECTIONS.map(([comment, ...frames]) => ({
    comment,
    frames: encodedOneByOne(frames).map((bytes, i) => {
      const frame = frames[i];
      if (frame === undefined) throw new Error("unreachable");
      return { ...notedFrame(frame), bytes: hex(bytes) };
    }),
  })),
  payloads: VALUES.map(([comment, value]) => {
    const payload = encodePayload(value);
    const { type, tag, bytes } = payload;
    return {
      comment,
      type,
      tag,
      value: noted(value === undefined ? null : value),
      bytes: hex(bytes),
    };
  }),
  malformedRecords: malformedRecords(),
  malformedPayloads: malformedPayloads(),
});

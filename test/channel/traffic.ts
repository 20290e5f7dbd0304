import fc from "fast-check";
import { pattern } from "../crypto/support.ts";
import type { Side } from "./line.ts";

const TEXT = 0x81;
export const BINARY = 0x82;
export const CLOSE = 0x88;
export const PING = 0x89;
const PONG = 0x8a;

/** A mask that changes nothing, as ours are, and one that does. */
export const ZEROS: Uint8Array = new Uint8Array(4);
export const MASK: Uint8Array = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** What messages are made of. */
const BYTES = pattern(65_536);

/** A frame as it may come, by the rules of RFC 6455, section 5.2, or against them. */
export interface Wire {
  /** FIN, the reserved bits and the opcode. */
  readonly first: number;
  readonly payload: Uint8Array;
  /** Four bytes, or `undefined` for an unmasked frame. */
  readonly mask: Uint8Array | undefined;
  /** Bytes that say the length behind the second byte; the fewest that can when left out. */
  readonly form?: 0 | 2 | 8;
  /** What it says its length is, when that is not true. */
  readonly declared?: bigint;
}

/** The bytes of a frame. */
export function encode({ first, payload, mask, form, declared }: Wire): Buffer {
  const length = declared ?? BigInt(payload.length);
  const bytes = form ?? (length < 126n ? 0 : length < 0x1_0000n ? 2 : 8);
  const extended = Buffer.alloc(bytes);
  if (bytes === 2) extended.writeUInt16BE(Number(length));
  if (bytes === 8) extended.writeBigUInt64BE(length);
  const second = bytes === 0 ? Number(length) : bytes === 2 ? 126 : 127;
  if (mask === undefined) return Buffer.concat([Buffer.from([first, second]), extended, payload]);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, 0x80 | second]), extended, mask, masked]);
}

/** A frame as `side` gets it from one that follows the rules, masked with zeros if it must be masked. */
export const sent = (
  side: Side,
  first: number,
  payload: Uint8Array,
  more: Partial<Wire> = {},
): Buffer => encode({ first, payload, mask: side === "server" ? ZEROS : undefined, ...more });

/** Frames that break the rules as soon as their header is there, and the close code that says how. */
export function breaches(
  side: Side,
  limit: number,
): readonly (readonly [string, Buffer, number])[] {
  const payload = pattern(9);
  const wrong = side === "server" ? undefined : MASK;
  return [
    ["a message above the limit", sent(side, BINARY, pattern(limit + 1)), 1009],
    ["a length beyond all numbers", sent(side, BINARY, payload, { declared: 2n ** 63n }), 1009],
    ["an unknown opcode", sent(side, 0x83, payload), 1002],
    ["a continuation of nothing", sent(side, 0x80, payload), 1002],
    ["a compressed message", sent(side, 0xc2, payload), 1002],
    ["a message with reserved bits", sent(side, 0xa2, payload), 1002],
    ["a ping in fragments", sent(side, 0x09, payload), 1002],
    ["a ping that is too long", sent(side, PING, pattern(126)), 1002],
    ["a short ping with a long length", sent(side, PING, payload, { form: 2 }), 1002],
    ["a close frame of one byte", sent(side, CLOSE, pattern(1)), 1002],
    ["a text that is no UTF-8", sent(side, TEXT, Uint8Array.of(0xff)), 1007],
    ["a message masked as it must not be", encode({ first: BINARY, payload, mask: wrong }), 1002],
  ];
}

/** Streams of frames that may come to a side; some break the rules in one of them, some end within one. */
export function streams(side: Side, limit: number): fc.Arbitrary<Buffer> {
  const lawful = fc.array(frames(side), { maxLength: 12 });
  const breach = fc.constantFrom(...breaches(side, limit).map(([, bytes]) => bytes));
  return fc.oneof(
    lawful.map((all) => Buffer.concat(all)),
    fc
      .tuple(lawful, breach, lawful)
      .map(([before, bad, after]) => Buffer.concat([...before, bad, ...after])),
    fc.tuple(lawful, fc.nat()).map(([all, place]) => {
      const stream = Buffer.concat(all);
      return stream.subarray(0, place % (stream.length + 1));
    }),
  );
}

/** Whole messages for the most part, and everything else that may come. */
function frames(side: Side): fc.Arbitrary<Buffer> {
  const short = fc.nat(300);
  const long = fc.constantFrom(4090, 4096, 4103, 20_000, 65_535, 65_536);
  const message = fc
    .oneof({ weight: 9, arbitrary: short }, { weight: 1, arbitrary: long })
    .map((length) => BYTES.subarray(0, length));
  const control = fc.uint8Array({ maxLength: 125 });
  const random = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const mask = side === "client" ? fc.constant(undefined) : fc.oneof(fc.constant(ZEROS), random);
  const one = (first: number, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> =>
    fc.record({ first: fc.constant(first), payload, mask }).map(encode);
  const fragments = fc
    .tuple(one(0x02, message), one(PING, control), one(0x00, message), one(0x80, message))
    .map((parts) => Buffer.concat(parts));
  const goodbye = fc.constantFrom(
    new Uint8Array(),
    Uint8Array.of(3, 232),
    Uint8Array.of(3, 233, 0x78),
  );
  return fc.oneof(
    { weight: 24, arbitrary: one(BINARY, message) },
    { weight: 6, arbitrary: one(PING, control) },
    { weight: 6, arbitrary: one(PONG, control) },
    { weight: 1, arbitrary: fragments },
    { weight: 1, arbitrary: one(TEXT, fc.constant(Buffer.from("a text"))) },
    { weight: 1, arbitrary: one(CLOSE, goodbye) },
  );
}

/** A stream in pieces, each with whether a turn of the event loop passes behind it. */
export function pieces(
  stream: fc.Arbitrary<Buffer>,
): fc.Arbitrary<readonly (readonly [Buffer, boolean])[]> {
  const places = fc.array(fc.nat(), { maxLength: 40 });
  const waits = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
  return fc.tuple(stream, places, waits).map(([stream, places, waits]) => {
    const ends = places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b);
    return [0, ...ends].map((cut, i) => [
      stream.subarray(cut, ends[i]),
      waits[i % waits.length] ?? true,
    ]);
  });
}

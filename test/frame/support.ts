import fc from "fast-check";
import { concat } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { FrameDecoder } from "../../src/frame/decode.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { Payload } from "../../src/frame/payload.ts";
import type { FrameSink, Metadata, Name, RoleState } from "../../src/frame/type.ts";

/** One frame as a value: the sink's method and what it is called with. */
export type Frame = {
  [K in keyof FrameSink]: readonly [kind: K, ...fields: Parameters<FrameSink[K]>];
}[keyof FrameSink];

/** Gives a frame to a sink. */
export function give(sink: FrameSink, frame: Frame): void {
  const [kind, ...fields] = frame;
  const method = sink[kind] as (...fields: readonly unknown[]) => void;
  method.apply(sink, fields);
}

/** A sink that remembers all it hears. */
export class Heard implements FrameSink {
  readonly frames: Frame[] = [];

  hello(about: Payload): void {
    this.frames.push(["hello", about]);
  }
  roles(number: number, full: boolean, roles: readonly RoleState[]): void {
    this.frames.push(["roles", number, full, roles]);
  }
  message(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.frames.push(["message", name, metadata, payload]);
  }
  request(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    this.frames.push(["request", correlation, name, deadline, metadata, payload]);
  }
  response(correlation: number, payload: Payload): void {
    this.frames.push(["response", correlation, payload]);
  }
  reject(correlation: number, code: string, message: string, details: Payload): void {
    this.frames.push(["reject", correlation, code, message, details]);
  }
  cancel(correlation: number): void {
    this.frames.push(["cancel", correlation]);
  }
  ping(nonce: number): void {
    this.frames.push(["ping", nonce]);
  }
  pong(nonce: number): void {
    this.frames.push(["pong", nonce]);
  }
  drain(): void {
    this.frames.push(["drain"]);
  }
  close(code: string, message: string): void {
    this.frames.push(["close", code, message]);
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
    this.frames.push(["open", stream, halves, name, deadline, credit, metadata, payload]);
  }
  accept(stream: number, credit: number, payload: Payload): void {
    this.frames.push(["accept", stream, credit, payload]);
  }
  refuse(stream: number, code: string, message: string, details: Payload): void {
    this.frames.push(["refuse", stream, code, message, details]);
  }
  data(stream: number, bytes: Uint8Array): void {
    this.frames.push(["data", stream, bytes]);
  }
  end(stream: number): void {
    this.frames.push(["end", stream]);
  }
  reset(stream: number, halves: number, code: string, message: string): void {
    this.frames.push(["reset", stream, halves, code, message]);
  }
  credit(stream: number, bytes: number): void {
    this.frames.push(["credit", stream, bytes]);
  }
  ack(records: number): void {
    this.frames.push(["ack", records]);
  }
  resume(records: number): void {
    this.frames.push(["resume", records]);
  }
}

/** The bytes of each frame, as one encoder writes them one after another. */
export function encodedOneByOne(frames: readonly Frame[]): Uint8Array[] {
  const writer = new Writer();
  const encoder = new FrameEncoder(writer);
  return frames.map((frame) => {
    writer.clear();
    give(encoder, frame);
    return writer.view().slice();
  });
}

/** The bytes of all frames in one record. */
export const encoded = (...frames: readonly Frame[]): Uint8Array =>
  concat(...encodedOneByOne(frames));

/** What one decoder hears in the records, and what ended it, if anything. */
export function decoded(...records: readonly Uint8Array[]): { frames: Frame[]; thrown: unknown } {
  const decoder = new FrameDecoder();
  const heard = new Heard();
  try {
    for (const record of records) decoder.decode(record, heard);
    return { frames: heard.frames, thrown: undefined };
  } catch (thrown) {
    return { frames: heard.frames, thrown };
  }
}

/** A frame of any bytes: `length type fields`. */
export const raw = (type: number, ...fields: readonly number[]): Uint8Array => {
  const writer = new Writer();
  writer.varint(fields.length + 1);
  writer.u8(type);
  writer.bytes(Uint8Array.from(fields));
  return writer.view();
};

const number = fc.oneof(fc.nat(200), fc.maxSafeNat());
const text = (most: number): fc.Arbitrary<string> =>
  fc.string({ unit: "grapheme", maxLength: most }).filter((one) => Buffer.byteLength(one) <= 255);
const payload = fc
  .tuple(fc.nat(6), fc.uint8Array({ maxLength: 50 }))
  .map(([tag, bytes]) => new Payload(tag, bytes));
const name = fc.record({
  role: fc.oneof(fc.constantFrom("greeter", ""), text(12)),
  event: fc.oneof(fc.constantFrom("hello", "bye"), text(12)),
});
const metadata = fc.option(fc.dictionary(text(8), text(30), { maxKeys: 5 }), { nil: undefined });
const halves = fc.constantFrom(1, 2, 3);
const role = fc.record({ name: text(12), active: fc.boolean(), version: text(8) });

/** Any frame that may be written. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.tuple(fc.constant("hello" as const), payload),
  fc.tuple(fc.constant("roles" as const), number, fc.boolean(), fc.array(role, { maxLength: 5 })),
  fc.tuple(fc.constant("message" as const), name, metadata, payload),
  fc.tuple(fc.constant("request" as const), number, name, number, metadata, payload),
  fc.tuple(fc.constant("response" as const), number, payload),
  fc.tuple(fc.constant("reject" as const), number, text(20), text(60), payload),
  fc.tuple(fc.constant("cancel" as const), number),
  fc.tuple(fc.constant("ping" as const), number),
  fc.tuple(fc.constant("pong" as const), number),
  fc.tuple(fc.constant("drain" as const)),
  fc.tuple(fc.constant("close" as const), text(20), text(60)),
  fc.tuple(fc.constant("open" as const), number, halves, name, number, number, metadata, payload),
  fc.tuple(fc.constant("accept" as const), number, number, payload),
  fc.tuple(fc.constant("refuse" as const), number, text(20), text(60), payload),
  fc.tuple(fc.constant("data" as const), number, fc.uint8Array({ maxLength: 50 })),
  fc.tuple(fc.constant("end" as const), number),
  fc.tuple(fc.constant("reset" as const), number, halves, text(20), text(60)),
  fc.tuple(fc.constant("credit" as const), number, number),
  fc.tuple(fc.constant("ack" as const), number),
  fc.tuple(fc.constant("resume" as const), number),
);

import { expect } from "vitest";
import { TURN_BYTES } from "../../src/connection/native/stream.ts";
import type {
  IncomingStream,
  Opening,
  StreamEnd,
  StreamKind,
  StreamUser,
} from "../../src/connection/stream.ts";
import { TroupeError } from "../../src/errors.ts";
import { decodePayload, encodePayload, type Payload } from "../../src/frame/payload.ts";
import type { Frame } from "../frame/support.ts";
import { type End, NAME, NOTHING, type openPair } from "./support.ts";

export const KIB: number = 1024;
/** Bytes a stream may send at first, and when all of a connection have been promised much already. */
export const FIRST: number = 384 * KIB;
export const SMALL: number = 16 * KIB;
/** Bytes of one turn. */
export const TURN: number = TURN_BYTES;

/** Bytes that can be told apart by where they are. */
export const counted = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + i) % 251);

/** Bytes nobody looks into. */
export const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** Why a test gives something up. */
export const ENOUGH: TroupeError = new TroupeError("CANCELLED", "enough");

/** Who uses an end: remembers what it hears. Reads at once if it is told to, and never else. */
export class Use implements StreamUser {
  /** What happened, one word each; bytes in a row are one. */
  readonly events: string[] = [];
  readonly errors: TroupeError[] = [];
  readonly #eager: boolean;
  #end: StreamEnd | undefined;
  /** Bytes heard. */
  count = 0;
  /** The last ones. */
  last: Uint8Array | undefined;
  /** Called for each `flushed`, from within. */
  onFlushed: () => void = () => {};

  /** @param eager - whether bytes are read as they come */
  constructor(eager = false) {
    this.#eager = eager;
  }

  get end(): StreamEnd {
    if (this.#end === undefined) throw new Error("there is no end yet");
    return this.#end;
  }

  begin(end: StreamEnd): void {
    this.#end = end;
    this.events.push("begin");
  }
  data(bytes: Uint8Array): void {
    if (this.events.at(-1) !== "data") this.events.push("data");
    this.count += bytes.length;
    this.last = Uint8Array.from(bytes);
    if (this.#eager) this.#end?.read(bytes.length);
  }
  ended(): void {
    this.events.push("ended");
  }
  failed(error: TroupeError): void {
    this.events.push("failed");
    this.errors.push(error);
  }
  flushed(): void {
    this.events.push("flushed");
    this.onFlushed();
  }
  stopped(error: TroupeError): void {
    this.events.push("stopped");
    this.errors.push(error);
  }
  closed(error: TroupeError): void {
    this.events.push("closed");
    this.errors.push(error);
  }
}

/** Who waits for the other side's answer. */
export class Wait implements Opening {
  readonly outcomes: unknown[] = [];

  accepted(answer: Payload): void {
    this.outcomes.push(decodePayload(answer));
  }
  over(error: TroupeError | undefined): void {
    this.outcomes.push(error ?? "over");
  }
}

/** An opened stream: its user, its end, and what becomes of its asking. */
export interface Opened {
  readonly use: Use;
  readonly end: StreamEnd;
  readonly wait: Wait;
}

/** Opens a stream. */
export function open(
  end: End,
  kind: StreamKind,
  use: Use = new Use(),
  data: unknown = null,
): Opened {
  const wait = new Wait();
  const payload = encodePayload(data);
  const opened = end.connection.stream(wait, use, kind, NAME, 0, undefined, payload);
  return { use, end: opened, wait };
}

/** The stream that the other side asked for last, and who uses it from now on. */
export function taken(end: End, use: Use = new Use()): { stream: IncomingStream; use: Use } {
  const stream = end.owner.streams.at(-1);
  if (stream === undefined) throw new Error("nobody asked for a stream");
  stream.use(use);
  return { stream, use };
}

/** Both sides have let go of everything, and still talk. */
export function expectIdle({ clock, dialer, responder }: ReturnType<typeof openPair>): void {
  clock.flush();
  expect([dialer.connection.load, responder.connection.load]).toEqual([0, 0]);
  expect([dialer.connection.open, responder.connection.open]).toEqual([true, true]);
}

/** OPEN as a stranger says it. */
export const opens = (id: number, halves = 3, credit: number = FIRST): Frame => [
  "open",
  id,
  halves,
  NAME,
  0,
  credit,
  undefined,
  NOTHING,
];

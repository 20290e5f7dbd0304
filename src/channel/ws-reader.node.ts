import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { asBuffer } from "../bytes/as-buffer.node.ts";
import { EMPTY } from "../bytes/bytes.ts";
import { free } from "../bytes/free.node.ts";
import { borrowWriter, returnWriter } from "../bytes/spare-writers.ts";
import type { Writer } from "../bytes/writer.ts";
import { type Carrier, sharedListener } from "./shared-listener.ts";

/** FIN and an opcode (RFC 6455, section 5.2). */
const BINARY = 0x82;
const PING = 0x89;
const PONG = 0x8a;
const MASKED = 0x80;
/** The longest payload of a control frame. */
const CONTROL_BYTES = 125;

/**
 * A spare writer, whose memory may be large, is kept for a message of which more than this has come:
 * anybody can begin messages and not go on.
 */
const FEW_BYTES = 4096;

/** Who gets messages. */
export interface MessageTaker {
  /** One message; its bytes are used again afterwards. */
  message(bytes: Uint8Array): void;
}

type Listener = (chunk: Uint8Array) => void;

const READER = Symbol("reader");
type Read = Duplex & Carrier<typeof READER, MessageReader>;

const finish = sharedListener(READER, (reader: MessageReader) => reader.finish());

let inPlace: (Listener & { readonly listener: Listener }) | undefined;

/**
 * A listener with the property of what `once` wraps a listener in: when `ws` removes its own listener,
 * this one goes.
 */
function inPlaceOf(listener: Listener): Listener {
  if (inPlace?.listener !== listener) {
    const take = (reader: MessageReader, chunk: Uint8Array): void => reader.take(chunk);
    inPlace = Object.assign(sharedListener(READER, take), { listener });
  }
  return inPlace;
}

/**
 * Reads binary messages off a socket ahead of `ws`, which gets all else: control frames, fragments,
 * masks that change something, and whatever breaks the rules. See
 * docs/decisions/0010-own-websocket-frames.md for why.
 */
export class MessageReader {
  readonly #socket: Duplex;
  readonly #ws: Listener;
  readonly #masked: boolean;
  readonly #limit: number;
  readonly #taker: MessageTaker;
  /** The part of a header that has come. */
  #header: Uint8Array | undefined;
  /** The part of a message that has come, of {@link #length} bytes, while these are few. */
  #few: Uint8Array | undefined;
  /** The same when they are more. */
  #part: Writer | undefined;
  #length = 0;
  /** Bytes that `ws` is to get before this reads on. */
  #passing = 0;
  #reading = false;
  /** Chunks that came while another was being read. */
  #early: Uint8Array[] | undefined;

  /**
   * Call it when `ws` has just begun to listen to the socket, and nothing has been read yet.
   *
   * @param masked - whether frames come masked, as those of a client do
   * @param limit - bytes of the largest message
   * @param taker - gets each message
   */
  constructor(socket: Duplex, masked: boolean, limit: number, taker: MessageTaker) {
    this.#socket = socket;
    this.#masked = masked;
    this.#limit = limit;
    this.#taker = taker;
    const listener = socket.listeners("data").at(-1) as Listener;
    this.#ws = listener;
    socket.off("data", listener);
    (socket as Read)[READER] = this;
    socket.on("data", inPlaceOf(listener));
    // Ahead of `ws`, which takes what is left in a paused socket for the beginning of a frame.
    socket.prependListener("close", finish);
  }

  /** Reads one chunk at a time: some streams bring the next one while a message is being answered. */
  take(chunk: Uint8Array): void {
    if (this.#reading) {
      this.#early ??= [];
      this.#early.push(chunk);
      return;
    }
    this.#reading = true;
    try {
      let next: Uint8Array | undefined = chunk;
      for (; next !== undefined; next = this.#early?.shift()) this.#read(next);
    } finally {
      this.#reading = false;
    }
  }

  /** Reads what came while the socket was paused, and is in it at its end. */
  finish(): void {
    if (this.#passing === Number.POSITIVE_INFINITY) return;
    const rest = this.#socket.read() as Uint8Array | null;
    if (rest !== null) this.take(rest);
  }

  #read(chunk: Uint8Array): void {
    // Streams of objects may bring what is no Buffer.
    const bytes =
      this.#header === undefined ? asBuffer(chunk) : Buffer.concat([this.#header, chunk]);
    this.#header = undefined;
    let at = 0;
    while (at < bytes.length) {
      if (this.#passing === Number.POSITIVE_INFINITY) {
        this.#ws.call(this.#socket, at === 0 ? bytes : bytes.subarray(at));
        return;
      }
      if (this.#part !== undefined || this.#few !== undefined) at = this.#goOn(bytes, at);
      else if (this.#passing > 0) at = this.#pass(bytes, at);
      else at = this.#begin(bytes, at);
    }
    // Other kinds of streams may look again at what came by them, other listeners at what they got.
    if (this.#socket instanceof Socket && this.#socket.listenerCount("data") === 1) free(chunk);
  }

  /** Reads a frame from its header on, as far as it has come; returns where that ends. */
  #begin(bytes: Buffer, at: number): number {
    const payload = at + headerBytes(bytes, at);
    if (payload > bytes.length) {
      // Not of Node's pool, which it would hold.
      this.#header = new Uint8Array(bytes.subarray(at));
      return bytes.length;
    }
    const length = payloadBytes(bytes, at);
    const end = payload + length;
    const reader = this.#readerOf(bytes, at, payload, length);
    if (reader !== "this") {
      this.#passing = reader === "ws" ? end - at : Number.POSITIVE_INFINITY;
      return at;
    }
    if (end <= bytes.length) {
      // No Buffer, whose `slice()` does not copy.
      this.#taker.message(new Uint8Array(bytes.buffer, bytes.byteOffset + payload, length));
      return end;
    }
    this.#length = length;
    this.#few = EMPTY;
    return payload;
  }

  /** Who is to read a frame, and whether this goes on reading behind it. */
  #readerOf(
    bytes: Buffer,
    at: number,
    payload: number,
    length: number,
  ): "this" | "ws" | "ws for good" {
    const kind = bytes[at];
    const second = bytes[at + 1] ?? 0;
    const masked = (second & MASKED) !== 0;
    if (masked !== this.#masked) return "ws for good";
    if (kind === PING || kind === PONG) {
      // Longer forms of a length may not be used here, not even for a short one.
      return (second & ~MASKED) <= CONTROL_BYTES ? "ws" : "ws for good";
    }
    if (kind !== BINARY || length > this.#limit) return "ws for good";
    return masked && bytes.readUInt32BE(payload - 4) !== 0 ? "ws" : "this";
  }

  /** Adds to a message of which a part has come; returns where that ends. */
  #goOn(bytes: Buffer, at: number): number {
    const part = this.#part ?? borrowWriter();
    if (this.#few !== undefined) part.bytes(this.#few);
    this.#part = undefined;
    this.#few = undefined;
    const end = Math.min(bytes.length, at + this.#length - part.length);
    part.bytes(bytes.subarray(at, end));
    if (part.length > FEW_BYTES && part.length < this.#length) {
      this.#part = part;
      return end;
    }
    if (part.length === this.#length) this.#taker.message(part.view());
    else this.#few = part.view().slice();
    returnWriter(part);
    return end;
  }

  /** Gives `ws` what it is to read; returns where that ends. */
  #pass(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#passing);
    this.#passing -= end - at;
    // A copy: `ws` may keep it for longer than this keeps the chunk.
    this.#ws.call(this.#socket, Buffer.from(bytes.subarray(at, end)));
    return end;
  }
}

/** Of the frame at `at`; the second byte says it. */
function headerBytes(bytes: Buffer, at: number): number {
  const second = bytes[at + 1];
  if (second === undefined) return 2;
  const length = second & ~MASKED;
  const mask = (second & MASKED) === 0 ? 0 : 4;
  if (length < 126) return 2 + mask;
  return (length === 126 ? 4 : 10) + mask;
}

/** Of the frame at `at`, whose header has come. */
function payloadBytes(bytes: Buffer, at: number): number {
  const length = (bytes[at + 1] ?? 0) & ~MASKED;
  if (length < 126) return length;
  if (length === 126) return bytes.readUInt16BE(at + 2);
  return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}

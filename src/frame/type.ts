import type { Payload } from "./payload.ts";

/** The one list of frames. */
export const FrameType = {
  hello: 1,
  roles: 2,
  message: 3,
  request: 4,
  response: 5,
  reject: 6,
  cancel: 7,
  ping: 8,
  pong: 9,
  drain: 10,
  close: 11,
  open: 12,
  accept: 13,
  refuse: 14,
  data: 15,
  end: 16,
  reset: 17,
  credit: 18,
  ack: 19,
  resume: 20,
} as const;

/** Halves of a stream, as bits: in OPEN those that it has, seen from its opener; in RESET those that fail. */
export const Half = {
  /** What the other side writes. */
  read: 1,
  /** What the sender of this frame writes. */
  write: 2,
} as const;

/** Set in the type byte of a frame that carries metadata. */
export const METADATA = 0x40;
/** Set in the type byte of a frame that a reader who does not know it may skip. */
export const IGNORABLE = 0x80;

/** Longest role name, event name or metadata key, in UTF-8 bytes. */
export const MAX_NAME = 255;
/** Longest metadata value, in UTF-8 bytes. */
export const MAX_METADATA_VALUE = 4096;
/** Most metadata entries of one call. */
export const MAX_METADATA = 32;
/** Most roles in one ROLES frame. */
export const MAX_ROLES = 4096;
/** Longest text of a REJECT or CLOSE, in UTF-8 bytes. Writers cut longer ones. */
export const MAX_TEXT = 4096;

/** What a call is for: both ends share one object per pair and connection, so it can be compared. */
export interface Name {
  readonly role: string;
  readonly event: string;
}

/** Flat text fields that travel beside a payload. */
export type Metadata = Readonly<Record<string, string>>;

/** One role as its peer announces it. */
export interface RoleState {
  readonly name: string;
  readonly active: boolean;
  /** A semver version, or empty. */
  readonly version: string;
}

/**
 * Every frame as a call. The encoder is a sink that writes, a connection is a sink that acts, and
 * decoding is calling one: `decodeFrames(bytes, encoder)` copies a record.
 */
export interface FrameSink {
  /** Who is there: the first frame of each side, once. */
  hello(about: Payload): void;
  /** Roles that changed, or with `full` all there are. A `number` not above the last one is stale. */
  roles(number: number, full: boolean, roles: readonly RoleState[]): void;
  /** A one-way call. */
  message(name: Name, metadata: Metadata | undefined, payload: Payload): void;
  /** A call to be answered by exactly one response or reject. `deadline`: milliseconds left, 0 for none. */
  request(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void;
  /** The answer. */
  response(correlation: number, payload: Payload): void;
  /** The failure. */
  reject(correlation: number, code: string, message: string, details: Payload): void;
  /** Nobody waits for this answer any more; it is still to be given, as a reject if need be. */
  cancel(correlation: number): void;
  /** Asks for a pong with the same number. */
  ping(nonce: number): void;
  /** Answers a ping. */
  pong(nonce: number): void;
  /** No new work, please: this side is about to leave. */
  drain(): void;
  /** The last frame of a side, and why. */
  close(code: string, message: string): void;
  /** A stream is to be opened; `halves` it has for the sender, who takes `credit` bytes at first. */
  open(
    stream: number,
    halves: number,
    name: Name,
    deadline: number,
    credit: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void;
  /** It is taken, by a side that takes `credit` bytes at first. */
  accept(stream: number, credit: number, payload: Payload): void;
  /** It is not taken. */
  refuse(stream: number, code: string, message: string, details: Payload): void;
  /** Bytes of a stream. */
  data(stream: number, bytes: Uint8Array): void;
  /** The sender has written all. */
  end(stream: number): void;
  /** The sender writes no more, or reads no more, or both, and why. */
  reset(stream: number, halves: number, code: string, message: string): void;
  /** The sender takes so many bytes more. */
  credit(stream: number, bytes: number): void;
  /** So many records have come: none of them need be sent again. */
  ack(records: number): void;
  /** The connection goes on by this channel; so many records had come by those before it. */
  resume(records: number): void;
}

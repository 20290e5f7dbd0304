import type { TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import type { Awaiting } from "./awaiting.ts";

/** What a stream is to the side that opens it: it reads, it writes, or both. */
export type StreamKind = "readable" | "writable" | "duplex";

/**
 * One end of a stream. It has two halves, of which a one-way stream lacks one from the start: what this
 * side writes, and what it reads. Each ends by itself. A call about a half that is over does nothing.
 */
export interface StreamEnd {
  /**
   * Takes bytes over; the caller may write to its buffer again once they have left.
   *
   * @returns whether they have left; if not, {@link StreamUser.flushed} follows, and nothing may be
   *   written before it
   */
  write(bytes: Uint8Array): boolean;
  /**
   * All is written. What waits still leaves.
   *
   * @returns whether the other side is told; if not, as the stream is not taken yet,
   *   {@link StreamUser.flushed} follows
   */
  end(): boolean;
  /** The written half fails: what waits does not leave, and the other side is told why. */
  abort(error: TroupeError): void;
  /** Somebody wants to read: to be called at the first sign of it. */
  demand(): void;
  /**
   * So many bytes of {@link StreamUser.data} are used up; the other side may send as many again. To be
   * called after {@link StreamUser.ended}, too: until then what is not used up takes room.
   */
  read(bytes: number): void;
  /**
   * Nobody reads any more: the other side is told why, and no more bytes come. After
   * {@link StreamUser.ended} it says that the rest is dropped.
   */
  stop(error: TroupeError): void;
}

/** Who uses an end: what it hears, in the order of the wire. None of these may throw. */
export interface StreamUser {
  /** The first call, once: this is the end. */
  begin(end: StreamEnd): void;
  /** Bytes. Never more than have been used up before and 384 KiB or what the window has grown to. */
  data(bytes: Uint8Array): void;
  /** The other side has written all: no more bytes come. */
  ended(): void;
  /** The other side's written half failed: no more bytes come, and what was not read is dropped. */
  failed(error: TroupeError): void;
  /** What was written has left, after `write` returned false. */
  flushed(): void;
  /** The other side does not read any more: nothing more can be written. */
  stopped(error: TroupeError): void;
  /** It is refused, too late, or its connection is gone: whatever half is not over is over now. */
  closed(error: TroupeError): void;
}

/** The opening side's wait for an answer. */
export interface Opening {
  /** The other side has taken the stream. */
  accepted(answer: Payload): void;
  /** The stream is over, taken or not; with an error when the other side ended it before its time. */
  over(error: TroupeError | undefined): void;
}

/** A stream that the other side wants to open. It waits for the first of `accept` and `refuse`. */
export interface IncomingStream extends Awaiting {
  /** What it is to the other side: of a `readable`, this side writes. */
  readonly kind: StreamKind;
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  /** Aborted when the other side gives the whole stream up or is gone. Made when first asked for. */
  readonly signal: AbortSignal;
  /** Told once, when it is taken. */
  taken: (() => void) | undefined;
  /** Names who uses this end, once, before it is taken. The first demand or write accepts the stream with a null answer. */
  use(user: StreamUser): void;
  /** Takes the stream. */
  accept(answer: Payload): void;
  /** Does not take it; its user, if there is one, hears `closed`. After it was taken: fails both halves. */
  refuse(code: string, message: string, details: Payload): void;
}

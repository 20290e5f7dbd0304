import { broken, TroupeError } from "../../errors.ts";
import { NOTHING, type Payload } from "../../frame/payload.ts";
import { type FrameSink, Half } from "../../frame/type.ts";
import { codeForReset } from "../remote-code.ts";
import type { Opening, StreamEnd, StreamUser } from "../stream.ts";
import type { Window } from "./window.ts";

/** The frames of a stream, as either side sends them. */
export type StreamFrames = Pick<
  FrameSink,
  "accept" | "refuse" | "data" | "end" | "reset" | "credit"
>;

/** Where a stream lives. */
export interface StreamHost {
  readonly frames: StreamFrames;
  /** The stream has bytes that may leave: it is to be given its turn. */
  ready(stream: NativeStream): void;
  /** Both halves are over: it is known no more. */
  over(stream: NativeStream): void;
  /** The stream was over before, and now its last bytes have been used up or dropped. */
  cleared(stream: NativeStream): void;
}

/** Bytes of one turn: what waits behind a stream waits for so much at most. */
export const TURN_BYTES: number = 16 * 1024;

/** One end of a stream on the wire: both halves, their credit, and who uses them. */
export class NativeStream implements StreamEnd {
  /** Its number, as this side writes it. */
  readonly id: number;
  /** @internal The streams whose turns are before and after; all three belong to {@link Turns}. */
  previous: NativeStream | undefined;
  /** @internal */
  next: NativeStream | undefined;
  /** @internal Whether it waits for its turn. */
  queued = false;
  readonly #host: StreamHost;
  readonly #window: Window;
  #user: StreamUser | undefined;
  /** Until the other side has answered, or, of its streams, until this side has. */
  #opening: Opening | undefined;
  #accepted = false;
  #writing: "open" | "ending" | "over";
  /** Once stopped, this side ignores what comes; once over, nothing may come. */
  #reading: "open" | "stopped" | "over";
  #credit: number;
  #pending: Uint8Array | undefined;
  #waited = false;
  #listed = true;
  /** Why the other side gave a half up. */
  #cause: TroupeError | undefined;

  /**
   * @param halves - those it has, seen from here
   * @param credit - bytes the other side takes at first
   */
  constructor(
    id: number,
    halves: number,
    credit: number,
    window: Window,
    host: StreamHost,
    opening: Opening,
  ) {
    this.id = id;
    this.#host = host;
    this.#window = window;
    this.#credit = credit;
    this.#opening = opening;
    this.#writing = halves & Half.write ? "open" : "over";
    this.#reading = halves & Half.read ? "open" : "over";
  }

  /** Whether the other side has opened it. */
  get theirs(): boolean {
    return this.id % 2 === 1;
  }

  /** Whether bytes that came have not been used up yet. */
  get unread(): boolean {
    return this.#window.unread > 0;
  }

  /** Names its user. */
  use(user: StreamUser): void {
    this.#user = user;
    user.begin(this);
    if (!this.#listed) user.closed(new TroupeError("CANCELLED", "the stream was given up before"));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#writing !== "open" || bytes.length === 0) return true;
    this.#pending = bytes;
    this.#waited = false;
    this.#touch();
    if (this.#sendable) this.#host.ready(this);
    this.#waited = this.#pending !== undefined;
    return !this.#waited;
  }

  end(): boolean {
    if (this.#writing !== "open") return true;
    this.#writing = "ending";
    if (this.#accepted) this.#begun();
    else this.#touch();
    this.#waited = this.#ending;
    return !this.#waited;
  }

  abort(error: TroupeError): void {
    if (this.#writing === "over" || this.#refused(error)) return;
    this.#writing = "over";
    this.#pending = undefined;
    this.#host.frames.reset(this.id, Half.write, codeForReset(error.code), error.message);
    this.#check();
  }

  demand(): void {
    if (this.#reading === "open") this.#touch();
  }

  read(bytes: number): void {
    if (!this.unread) return;
    const grant = this.#window.read(bytes);
    if (grant > 0) this.#host.frames.credit(this.id, grant);
    else this.#cleared();
  }

  stop(error: TroupeError): void {
    if (this.#reading !== "open") {
      if (!this.unread) return;
      this.#window.drop();
      this.#cleared();
      return;
    }
    if (this.#refused(error)) return;
    this.#reading = "stopped";
    this.#window.drop();
    this.#host.frames.reset(this.id, Half.read, codeForReset(error.code), error.message);
    this.#check();
  }

  /**
   * Takes a stream of the other side's.
   *
   * @throws TroupeError `BAD_PAYLOAD` when the answer is too large
   */
  accept(answer: Payload): void {
    if (!this.#listed || this.#accepted) return;
    this.#host.frames.accept(this.id, this.#reading === "open" ? this.#window.open() : 0, answer);
    this.#accepted = true;
    this.#opening?.accepted(answer);
    this.#begun();
  }

  /** Refuses a stream of the other side's, or fails it when it is taken already. */
  refuse(code: string, message: string, details: Payload): void {
    if (!this.#listed) return;
    if (this.#accepted) this.#host.frames.reset(this.id, this.#halves, code, message);
    else this.#host.frames.refuse(this.id, code, message, details);
    // Who is refused has not given it up, unless it had before.
    if (this.#cause === undefined) this.#opening = undefined;
    this.close(new TroupeError("REJECTED", message));
  }

  /** The other side has taken it. */
  taken(credit: number, answer: Payload): void {
    if (this.#accepted) throw broken(`stream ${this.id} was accepted twice`);
    this.#accepted = true;
    this.#credit += credit;
    this.#opening?.accepted(answer);
    this.#begun();
  }

  /** The other side has not taken it. */
  refused(error: TroupeError): void {
    if (this.#accepted) throw broken(`stream ${this.id} was refused after it was accepted`);
    this.close(error);
  }

  /** Bytes of the other side's. */
  data(bytes: Uint8Array): void {
    if (this.#reading === "stopped") return;
    this.#mayCome("bytes");
    if (!this.#window.take(bytes.length)) {
      throw broken(`${bytes.length} bytes on stream ${this.id}, more than it was granted`);
    }
    if (bytes.length > 0) this.#user?.data(owned(bytes));
  }

  /** The other side has written all. */
  ended(): void {
    if (this.#reading === "stopped") return;
    this.#mayCome("an end");
    this.#reading = "over";
    this.#window.end();
    this.#check();
    this.#user?.ended();
  }

  /** The other side's written half failed, or it reads no more, or both. */
  reset(halves: number, error: TroupeError): void {
    this.#answered("a reset");
    const stopped = (halves & Half.read) !== 0 && this.#writing !== "over";
    const failed = (halves & Half.write) !== 0 && this.#reading === "open";
    if (stopped) {
      this.#writing = "over";
      this.#pending = undefined;
    }
    if (failed) {
      this.#reading = "over";
      this.#window.drop();
    }
    // A user that then gives up the other half does so for the same reason.
    this.#cause = error;
    this.#check();
    if (failed) this.#user?.failed(error);
    if (stopped) this.#user?.stopped(error);
  }

  /** The other side takes so many bytes more. */
  granted(bytes: number): void {
    this.#answered("credit");
    if (this.#writing === "over") return;
    this.#credit += bytes;
    if (!Number.isSafeInteger(this.#credit)) throw broken(`stream ${this.id}: too much credit`);
    if (this.#sendable) this.#host.ready(this);
  }

  /**
   * Sends one turn's bytes.
   *
   * @returns whether it wants another turn
   */
  turn(): boolean {
    const pending = this.#pending;
    if (pending === undefined || !this.#sendable) return false;
    const length = Math.min(pending.length, this.#credit, TURN_BYTES);
    this.#credit -= length;
    this.#host.frames.data(
      this.id,
      length === pending.length ? pending : pending.subarray(0, length),
    );
    // Sending may have found that the connection is gone.
    if (this.#pending !== pending) return false;
    this.#pending = length === pending.length ? undefined : pending.subarray(length);
    if (this.#pending === undefined) {
      if (this.#writing === "ending") this.#finish();
      if (this.#waited) {
        this.#waited = false;
        this.#user?.flushed();
      }
    }
    return this.#sendable;
  }

  /** Nothing comes or goes any more: it was refused, or the connection is gone. */
  close(error: TroupeError): void {
    if (!this.#listed) return;
    this.#writing = "over";
    this.#pending = undefined;
    // What came of a half that had ended before may still be read.
    if (this.#reading === "open") this.#window.drop();
    this.#reading = "over";
    this.#check(error);
    this.#user?.closed(error);
  }

  get #sendable(): boolean {
    return (
      this.#accepted && this.#credit > 0 && this.#pending !== undefined && this.#writing !== "over"
    );
  }

  get #halves(): number {
    return (this.#writing === "over" ? 0 : Half.write) | (this.#reading === "open" ? Half.read : 0);
  }

  /** The first use takes a stream of the other side's; of one's own it says nothing. */
  #touch(): void {
    if (!this.#accepted && this.theirs) this.accept(NOTHING);
  }

  /** Giving up what was not taken yet is refusing it. */
  #refused(error: TroupeError): boolean {
    if (this.#accepted || !this.theirs) return false;
    this.refuse(codeForReset(error.code), error.message, NOTHING);
    return true;
  }

  #begun(): void {
    if (this.#pending !== undefined) {
      if (this.#sendable) this.#host.ready(this);
    } else if (this.#writing === "ending") {
      this.#finish();
      if (!this.#waited) return;
      this.#waited = false;
      this.#user?.flushed();
    }
  }

  get #ending(): boolean {
    return this.#writing === "ending";
  }

  #finish(): void {
    this.#writing = "over";
    this.#host.frames.end(this.id);
    this.#check();
  }

  /** Of a stream of ours the answer comes first. */
  #answered(what: string): void {
    if (this.#accepted || this.theirs) return;
    throw broken(`${what} on stream ${this.id} before it was accepted`);
  }

  /** The other side's half has to be there, and the stream to be taken. */
  #mayCome(what: string): void {
    if (this.#accepted && this.#reading === "open") return;
    const why = this.#accepted ? "where nothing comes any more" : "before it was accepted";
    throw broken(`${what} on stream ${this.id} ${why}`);
  }

  #cleared(): void {
    if (!this.#listed && !this.unread) this.#host.cleared(this);
  }

  #check(error?: TroupeError): void {
    if (!this.#listed || this.#writing !== "over" || this.#reading === "open") return;
    this.#listed = false;
    this.#host.over(this);
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.over(error ?? this.#cause);
  }
}

/** A small part of a large record is copied, so that it does not hold all of it until it is read. */
const owned = (bytes: Uint8Array): Uint8Array =>
  bytes.length * 4 < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;

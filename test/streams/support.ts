import type { StreamEnd, StreamUser } from "../../src/connection/stream.ts";
import type { TroupeError } from "../../src/errors.ts";

/** Everything that is due in this turn of the event loop has run. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What a promise is rejected with, or `undefined`. Asked for at once, so that no rejection goes unhandled. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

/** `length` bytes that are the same in every run, and differ from their neighbours. */
export const pattern = (length: number, start = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((i + start) * 167 + ((i + start) >> 8) * 31) & 0xff);

/** An end that writes down what it is told, and lets a test decide when bytes have left. */
export class FakeEnd implements StreamEnd {
  /** `demand`, `read 5`, `stop CODE: message` and so on, in order. */
  readonly calls: string[] = [];
  /** The very arrays that were written. */
  readonly written: Uint8Array[] = [];
  /** What `write` returns. */
  leaves = true;
  /** Called within `write`. */
  onWrite: () => void = () => {};
  /** Called within `stop`. */
  onStop: () => void = () => {};
  /** Called within `read`. */
  onRead: () => void = () => {};

  write(bytes: Uint8Array): boolean {
    this.calls.push(`write ${bytes.length}`);
    this.written.push(bytes);
    this.onWrite();
    return this.leaves;
  }

  end(): boolean {
    this.calls.push("end");
    return true;
  }

  abort(error: TroupeError): void {
    this.calls.push(`abort ${error.code}: ${error.message}`);
  }

  demand(): void {
    this.calls.push("demand");
  }

  read(bytes: number): void {
    this.calls.push(`read ${bytes}`);
    this.onRead();
  }

  stop(error: TroupeError): void {
    this.calls.push(`stop ${error.code}: ${error.message}`);
    this.onStop();
  }
}

/** What is on its way between two ends, in order; it arrives in a later turn of the event loop. */
class Wire {
  readonly #due: (() => void)[] = [];

  post(deliver: () => void): void {
    if (this.#due.push(deliver) === 1) setImmediate(() => this.#arrive());
  }

  #arrive(): void {
    for (const deliver of this.#due.splice(0)) deliver();
  }
}

/** One end of a stream in memory: it may send as much as its other end has a window for. */
export class MemoryEnd implements StreamEnd {
  /** Bytes handed over and not used up yet, at most so far. */
  peak = 0;
  readonly #user: StreamUser;
  readonly #wire: Wire;
  readonly #window: number;
  #other: MemoryEnd | undefined;
  #credit = 0;
  #waiting: Uint8Array | undefined;
  #ending = false;
  #writing = true;
  #reading = true;
  #unread = 0;

  constructor(user: StreamUser, wire: Wire, window: number) {
    this.#user = user;
    this.#wire = wire;
    this.#window = window;
  }

  /** Two joined ends; both users have been told to begin. */
  static pair(a: StreamUser, b: StreamUser, window: number): readonly [MemoryEnd, MemoryEnd] {
    const wire = new Wire();
    const ends = [new MemoryEnd(a, wire, window), new MemoryEnd(b, wire, window)] as const;
    ends[0].#join(ends[1]);
    ends[1].#join(ends[0]);
    a.begin(ends[0]);
    b.begin(ends[1]);
    return ends;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#waiting !== undefined) throw new Error("written before the last chunk has left");
    if (!this.#writing) return true;
    this.#waiting = bytes;
    this.#send();
    return this.#waiting === undefined;
  }

  end(): boolean {
    if (this.#waiting !== undefined) this.#ending = true;
    else if (this.#overWriting()) this.#post((user) => user.ended());
    return true;
  }

  abort(error: TroupeError): void {
    if (this.#overWriting()) this.#post((user) => user.failed(error));
  }

  demand(): void {}

  read(bytes: number): void {
    this.#unread -= bytes;
    if (this.#unread < 0) throw new Error("more used up than was handed over");
    this.#wire.post(() => this.#there.#grant(bytes));
  }

  stop(error: TroupeError): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#wire.post(() => {
      const other = this.#there;
      if (other.#overWriting()) other.#user.stopped(error);
    });
  }

  /** Bytes handed over and not used up. */
  get unread(): number {
    return this.#unread;
  }

  /** The connection is gone: both sides hear it. */
  static cut(ends: readonly [MemoryEnd, MemoryEnd], error: TroupeError): void {
    for (const end of ends) {
      end.#overWriting();
      end.#reading = false;
      end.#user.closed(error);
    }
  }

  get #there(): MemoryEnd {
    if (this.#other === undefined) throw new Error("not joined");
    return this.#other;
  }

  #join(other: MemoryEnd): void {
    this.#other = other;
    this.#credit = other.#window;
  }

  #grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#waiting === undefined) return;
    this.#send();
    if (this.#waiting !== undefined) return;
    if (this.#ending) this.end();
    else this.#user.flushed();
  }

  #send(): void {
    const bytes = this.#waiting;
    if (bytes === undefined) return;
    const part = bytes.subarray(0, this.#credit);
    this.#credit -= part.length;
    this.#waiting = part.length < bytes.length ? bytes.subarray(part.length) : undefined;
    if (part.length > 0) this.#post((user) => this.#there.#receive(user, part));
  }

  #receive(user: StreamUser, bytes: Uint8Array): void {
    this.#unread += bytes.length;
    this.peak = Math.max(this.peak, this.#unread);
    user.data(bytes);
  }

  #overWriting(): boolean {
    const was = this.#writing;
    this.#writing = false;
    this.#waiting = undefined;
    return was;
  }

  #post(tell: (user: StreamUser) => void): void {
    this.#wire.post(() => {
      const other = this.#there;
      if (other.#reading) tell(other.#user);
    });
  }
}

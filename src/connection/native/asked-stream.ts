import type { Clock } from "../../async/clock.ts";
import type { TroupeError } from "../../errors.ts";
import type { Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { IncomingStream, Opening, StreamKind, StreamUser } from "../stream.ts";
import type { NativeStream } from "./stream.ts";

/** A stream that the other side asks for. */
export class AskedStream implements IncomingStream, Opening {
  readonly kind: StreamKind;
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  readonly #clock: Clock;
  readonly #due: number;
  #stream: NativeStream | undefined;
  #abort: AbortController | undefined;
  #over: TroupeError | undefined;

  constructor(
    kind: StreamKind,
    name: Name,
    metadata: Metadata | undefined,
    payload: Payload,
    deadline: number,
    clock: Clock,
  ) {
    this.kind = kind;
    this.name = name;
    this.metadata = metadata;
    this.payload = payload;
    this.#clock = clock;
    this.#due = deadline === 0 ? Number.POSITIVE_INFINITY : clock.now() + deadline;
  }

  /** Names the stream it is about. */
  of(stream: NativeStream): void {
    this.#stream = stream;
  }

  get timeLeft(): number | undefined {
    return this.#due === Number.POSITIVE_INFINITY ? undefined : this.#due - this.#clock.now();
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#over !== undefined) this.#abort.abort(this.#over);
    }
    return this.#abort.signal;
  }

  use(user: StreamUser): void {
    this.#stream?.use(user);
  }

  accept(answer: Payload): void {
    this.#stream?.accept(answer);
  }

  refuse(code: string, message: string, details: Payload): void {
    this.#stream?.refuse(code, message, details);
  }

  accepted(): void {}

  over(error: TroupeError | undefined): void {
    if (error === undefined) return;
    this.#over = error;
    this.#abort?.abort(error);
  }
}

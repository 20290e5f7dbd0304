import type { Clock } from "../../async/clock.ts";
import type { TroupeError } from "../../errors.ts";
import type { Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { IncomingStream, Opening, StreamKind, StreamUser } from "../stream.ts";
import { Awaited } from "./awaited.ts";
import type { NativeStream } from "./stream.ts";

/** A stream that the other side asks for. */
export class AskedStream extends Awaited implements IncomingStream, Opening {
  readonly kind: StreamKind;
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  taken: (() => void) | undefined;
  #stream: NativeStream | undefined;

  constructor(
    kind: StreamKind,
    name: Name,
    metadata: Metadata | undefined,
    payload: Payload,
    deadline: number,
    clock: Clock,
  ) {
    super(deadline, clock);
    this.kind = kind;
    this.name = name;
    this.metadata = metadata;
    this.payload = payload;
  }

  /** Names the stream it is about. */
  of(stream: NativeStream): void {
    this.#stream = stream;
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

  accepted(): void {
    this.taken?.();
  }

  over(error: TroupeError | undefined): void {
    if (error !== undefined) this.abandoned(error);
  }
}

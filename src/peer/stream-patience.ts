import { systemClock } from "../async/clock.ts";
import type { StreamEnd, StreamUser } from "../connection/stream.ts";
import type { TroupeError } from "../errors.ts";

/**
 * The end that a handler uses: what is given up is told at the end of this turn of the event loop, unless
 * the stream is over by then. For a handler that throws within `for await` gives its stream up first, and
 * says why only afterwards; and an opener that gives up both halves of a duplex gives up one of them first.
 */
class PatientEnd implements StreamEnd {
  readonly #end: StreamEnd;

  constructor(end: StreamEnd) {
    this.#end = end;
  }

  write(bytes: Uint8Array): boolean {
    return this.#end.write(bytes);
  }

  end(): boolean {
    return this.#end.end();
  }

  abort(error: TroupeError): void {
    systemClock.soon(() => this.#end.abort(error));
  }

  demand(): void {
    this.#end.demand();
  }

  read(bytes: number): void {
    this.#end.read(bytes);
  }

  stop(error: TroupeError): void {
    systemClock.soon(() => this.#end.stop(error));
  }
}

/** Gives a user a patient end; hands everything else on. */
export class PatientUser implements StreamUser {
  readonly #user: StreamUser;

  constructor(user: StreamUser) {
    this.#user = user;
  }

  begin(end: StreamEnd): void {
    this.#user.begin(new PatientEnd(end));
  }

  data(bytes: Uint8Array): void {
    this.#user.data(bytes);
  }

  ended(): void {
    this.#user.ended();
  }

  failed(error: TroupeError): void {
    this.#user.failed(error);
  }

  flushed(): void {
    this.#user.flushed();
  }

  stopped(error: TroupeError): void {
    this.#user.stopped(error);
  }

  closed(error: TroupeError): void {
    this.#user.closed(error);
  }
}

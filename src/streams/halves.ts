import type { StreamEnd, StreamUser } from "../connection/stream.ts";
import type { TroupeError } from "../errors.ts";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";

/** Tells each half of a stream what concerns it; a one-way stream lacks one. */
export class Halves implements StreamUser {
  readonly #incoming: Incoming | undefined;
  readonly #outgoing: Outgoing | undefined;

  constructor(incoming: Incoming | undefined, outgoing: Outgoing | undefined) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  begin(end: StreamEnd): void {
    this.#incoming?.begin(end);
    this.#outgoing?.begin(end);
  }

  data(bytes: Uint8Array): void {
    this.#incoming?.data(bytes);
  }

  ended(): void {
    this.#incoming?.ended();
  }

  failed(error: TroupeError): void {
    if (this.#incoming?.close()) this.#incoming.fail(error);
  }

  flushed(): void {
    this.#outgoing?.flushed();
  }

  stopped(error: TroupeError): void {
    if (this.#outgoing?.close()) this.#outgoing.fail(error);
  }

  /** Both are closed before either fails: a stream that fails as a whole gives its other half up. */
  closed(error: TroupeError): void {
    const reading = this.#incoming?.close();
    const writing = this.#outgoing?.close();
    if (reading) this.#incoming?.fail(error);
    if (writing) this.#outgoing?.fail(error);
  }
}

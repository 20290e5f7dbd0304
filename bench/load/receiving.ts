import type { Flow } from "../subjects/subject.ts";
import { CHUNK, chunkOf } from "./chunk.ts";
import type { Load } from "./load.ts";

/** Takes what comes out of a stream, and looks at some bytes of every piece. */
export class Receiving implements Flow, Load {
  readonly #expected = chunkOf();
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #count = 0;
  #fault: Error | undefined;

  constructor() {
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Bytes that have arrived. */
  get count(): number {
    return this.#count;
  }

  /** Any cut will do, but not another byte: what was written is chunk after chunk. */
  piece(bytes: Uint8Array): void {
    const last = bytes.length - 1;
    if (
      last < 0 ||
      !this.#fits(bytes, 0) ||
      !this.#fits(bytes, last >> 1) ||
      !this.#fits(bytes, last)
    ) {
      this.#fault ??= new Error(`a stream brings other bytes than were sent, after ${this.#count}`);
    }
    this.#count += bytes.length;
  }

  end(): void {
    if (this.#count % CHUNK !== 0) {
      this.#fault ??= new Error(`a stream ended after ${this.#count} bytes, within a chunk`);
    }
    this.#end();
  }

  /** @throws Error when anything has arrived that was not sent: here, where nothing can swallow it */
  mark(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /**
   * Waits for the end, which is up to the other side.
   *
   * @throws Error as {@link Receiving.mark} does
   */
  async stop(): Promise<null> {
    await this.#ended;
    this.mark();
    return null;
  }

  #fits(bytes: Uint8Array, at: number): boolean {
    return bytes[at] === this.#expected[(this.#count + at) % CHUNK];
  }
}

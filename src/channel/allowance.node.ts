import type { Duplex } from "node:stream";

/**
 * How many bytes a stranger may send. They are counted as they come off the socket, ahead of whoever
 * parses them; one too many and the socket is destroyed.
 */
export class Allowance {
  readonly #socket: Duplex;
  readonly #bytes: number;
  readonly #count: (chunk: Uint8Array) => void;
  #left: number;
  #exceeded: string | undefined;

  /** Call it when the parser's own `data` listener is in place already. */
  constructor(socket: Duplex, bytes: number) {
    this.#socket = socket;
    this.#bytes = bytes;
    this.#left = bytes;
    this.#count = (chunk) => this.spend(chunk.length);
    socket.prependListener("data", this.#count);
  }

  /** What was broken, in words, once it has been. */
  get exceeded(): string | undefined {
    return this.#exceeded;
  }

  /** Counts bytes that have come unseen; a negative number for such as will be seen twice. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    this.#exceeded = `more than ${this.#bytes} bytes came before the other side was authenticated`;
    this.#socket.destroy();
  }

  /** Ends the counting. */
  lift(): void {
    this.#socket.off("data", this.#count);
  }
}

import type { NativeStream } from "./stream.ts";

/** Streams that have something to send, in turn: each sends a little, and queues again. */
export class Turns {
  readonly #congested: () => boolean;
  #head: NativeStream | undefined;
  #tail: NativeStream | undefined;
  #running = false;

  /** @param congested - whether so much waits to leave that streams should wait, too */
  constructor(congested: () => boolean) {
    this.#congested = congested;
  }

  /** Takes a stream in, and goes on if it can. */
  add(stream: NativeStream): void {
    this.#append(stream);
    this.run();
  }

  /** Gives turns until nobody wants one, or the connection is congested. */
  run(): void {
    // A stream that is given its turn may ask for the next one meanwhile.
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#head !== undefined && !this.#congested()) {
        const stream = this.#head;
        this.remove(stream);
        if (stream.turn()) this.#append(stream);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Forgets a stream: it is over, and may be before it gets the turn it waits for. */
  remove(stream: NativeStream): void {
    if (!stream.queued) return;
    const { previous, next } = stream;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    stream.previous = undefined;
    stream.next = undefined;
    stream.queued = false;
  }

  #append(stream: NativeStream): void {
    if (stream.queued) return;
    stream.queued = true;
    stream.previous = this.#tail;
    if (this.#tail === undefined) this.#head = stream;
    else this.#tail.next = stream;
    this.#tail = stream;
  }
}

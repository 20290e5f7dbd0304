import { setImmediate as nextTurn } from "node:timers/promises";
import type { Sink } from "../subjects/subject.ts";
import { chunkOf } from "./chunk.ts";
import type { Load } from "./load.ts";

/** Chunks written before others get a turn of the event loop. */
const BURST = 16;

/** Fills a stream as fast as back-pressure lets it. */
export class Sending implements Load {
  readonly #sink: Sink;
  readonly #chunk = chunkOf();
  readonly #ended: Promise<void>;
  #count = 0;
  #stopping = false;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#ended = this.#run();
  }

  /** Bytes written; what waits in between is bounded by the sink. */
  get count(): number {
    return this.#count;
  }

  mark(): void {}

  async stop(): Promise<null> {
    this.#stopping = true;
    await this.#ended;
    return null;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      if (this.#burst()) await nextTurn();
      else await this.#sink.drained();
    }
    await this.#sink.end();
  }

  /** Whether there is still room. */
  #burst(): boolean {
    let room = true;
    for (let written = 0; room && written < BURST; written++) {
      room = this.#sink.write(this.#chunk);
      this.#count += this.#chunk.length;
    }
    return room;
  }
}

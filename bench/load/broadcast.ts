import type { Server } from "../subjects/subject.ts";
import type { Talk } from "../talk.ts";
import { type Load, payloadOf } from "./load.ts";

/** Broadcasts to all listeners; `window` of them may be unacknowledged, so that nobody's memory grows. */
export class BroadcastLoad implements Load {
  readonly #server: Server;
  readonly #payload: Buffer;
  readonly #window: number;
  #stopped: (() => void) | undefined;
  #sent = 0;
  #acknowledged = 0;

  constructor(server: Server, { bytes, window }: Talk["broadcast"]["ask"]) {
    this.#server = server;
    this.#payload = payloadOf(bytes);
    this.#window = window;
    this.#fill();
  }

  /** Broadcasts that everyone has got. */
  get count(): number {
    return this.#acknowledged;
  }

  mark(): void {}

  acknowledged(): void {
    this.#acknowledged++;
    if (this.#stopped === undefined) this.#fill();
    else if (this.#acknowledged === this.#sent) this.#stopped();
  }

  async stop(): Promise<null> {
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      if (this.#acknowledged === this.#sent) resolve();
    });
    return null;
  }

  #fill(): void {
    for (; this.#sent - this.#acknowledged < this.#window; this.#sent++) {
      this.#server.broadcast(this.#payload);
    }
  }
}

/** What to do at a heartbeat. */
export type Verdict = "ping" | "dead";

/** How fast a smoothed round-trip time follows a new sample (RFC 6298). */
const GAIN = 1 / 8;

/**
 * Whether the other side is there, from heartbeats and what was heard between them. A link that goes
 * silent is found dead at the second heartbeat after it. Time is passed in, in milliseconds.
 */
export class Liveness {
  readonly #interval: number;
  #nonce = 0;
  #sentAt: number | undefined;
  #heard = true;
  #beatAt: number;
  #rtt: number | undefined;

  constructor(interval: number, now: number) {
    this.#interval = interval;
    this.#beatAt = now;
  }

  /** Smoothed round-trip time; `undefined` until the first pong. */
  get rtt(): number | undefined {
    return this.#rtt;
  }

  /** Something came from the other side. */
  heard(): void {
    this.#heard = true;
  }

  /** The other side is reached by another channel: what left by the last one says nothing any more. */
  restart(now: number): void {
    this.#sentAt = undefined;
    this.#heard = true;
    this.#beatAt = now;
  }

  /** A heartbeat is due. On `ping`, send one with the number of {@link ping}. */
  beat(now: number): Verdict {
    const late = now - this.#beatAt > this.#interval * 1.5;
    this.#beatAt = now;
    // After a stall of our own, what the other side sent may be waiting to be read.
    // Not every ping leaves at a heartbeat: one that has just left needs its time.
    const waited = this.#sentAt !== undefined && now - this.#sentAt >= this.#interval / 2;
    const silent = waited && !this.#heard && !late;
    return silent ? "dead" : "ping";
  }

  /** A ping leaves now. */
  ping(now: number): number {
    this.#sentAt = now;
    this.#heard = false;
    return ++this.#nonce;
  }

  /** A pong came. One that answers no ping of ours, or an old one, says nothing about time. */
  pong(nonce: number, now: number): void {
    if (nonce !== this.#nonce || this.#sentAt === undefined) return;
    const sample = now - this.#sentAt;
    this.#sentAt = undefined;
    this.#rtt = this.#rtt === undefined ? sample : this.#rtt + GAIN * (sample - this.#rtt);
  }
}

import type { Clock } from "../async/clock.ts";
import type { Channel } from "../channel/channel.ts";
import type { Reception } from "../channel/listening.ts";
import type { Arrival } from "../connection/open.ts";
import { TroupeError } from "../errors.ts";

/**
 * Milliseconds after which somebody who is still in the handshake gives way to a newcomer when all
 * places are taken. A fair dialer needs a few round trips; whoever dawdles holds a place no longer.
 */
const PATIENCE = 500;

/** Makes a connection of an accepted channel; `done` is called when it is open or has failed. */
export type Open = (channel: Channel, time: number, done: () => void) => Arrival;

/** Takes strangers in: so many at once, and none for long. */
export class Acceptor implements Reception {
  readonly #clock: Clock;
  readonly #places: number;
  readonly #full: () => boolean;
  readonly #open: Open;
  /** Connections in their handshake and when they came, the oldest first. */
  readonly #strangers = new Map<Arrival, number>();

  /**
   * @param places - how many may be in their handshake at once
   * @param full - whether the peer has as many connections as it takes
   */
  constructor(clock: Clock, places: number, full: () => boolean, open: Open) {
    this.#clock = clock;
    this.#places = places;
    this.#full = full;
    this.#open = open;
  }

  /** Connections that are not authenticated yet. */
  get strangers(): number {
    return this.#strangers.size;
  }

  room(): boolean {
    if (this.#full()) return false;
    return this.#strangers.size < this.#places || this.#dawdler() !== undefined;
  }

  accept(channel: Channel, timeLeft: number): void {
    if (this.#strangers.size >= this.#places) {
      this.#dawdler()?.abort(
        new TroupeError("HANDSHAKE_FAILED", "handshake failed: too slow while others waited"),
      );
    }
    let settled = false;
    let arrival: Arrival | undefined;
    const done = (): void => {
      settled = true;
      if (arrival !== undefined) this.#strangers.delete(arrival);
    };
    // A channel that is over already is done before there is a connection.
    arrival = this.#open(channel, timeLeft, done);
    if (!settled) this.#strangers.set(arrival, this.#clock.now());
  }

  /** Cuts everyone who is not authenticated yet. */
  clear(reason: TroupeError): void {
    for (const arrival of [...this.#strangers.keys()]) arrival.abort(reason);
  }

  #dawdler(): Arrival | undefined {
    for (const [arrival, since] of this.#strangers) {
      return this.#clock.now() - since >= PATIENCE ? arrival : undefined;
    }
    return undefined;
  }
}

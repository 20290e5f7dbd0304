import type { Connection } from "../connection/connection.ts";
import { lightest } from "./balance-lightest.ts";

/** Picks, besides as many as were in flight, after which a third of what was in flight still counts. */
const MEMORY = 64;

/** What a connection that is congested weighs besides its load: more than any load. */
const CONGESTION = 2 ** 32;

/**
 * Shares requests out between the connections to a unit: each in turn, unless it has more to do than
 * its share. Least load alone is not even, as answers come many at once: the connection that they came
 * by is idle for this moment and would get all that is asked next, while the others, which are about to
 * answer just as many, get none; they fall into step with different ticks, and one has half of the rest.
 */
export class Shares {
  #turn = 0;
  /** Requests in flight when there were most, lately. */
  #inFlight = 0.5;
  #most = 0.5;
  // Made once: a pick makes nothing.
  readonly #weigh = (connection: Connection): number => this.#weightOf(connection);

  /** The connection for the next request; `undefined` when there is none. */
  pick(connections: readonly Connection[]): Connection | undefined {
    const count = connections.length;
    let total = 1;
    for (const connection of connections) total += connection.load;
    this.#inFlight = Math.max(
      total,
      this.#inFlight + (total - this.#inFlight) / (MEMORY + this.#inFlight),
    );
    // When all are equally quick and answer one after the other, the last has this much before it does:
    // its even share, and of the share of each other one, which is asked again, its part.
    this.#most = ((2 - 1 / count) * this.#inFlight) / count;
    const index = lightest(connections, this.#weigh, this.#turn);
    this.#turn = index + 1;
    return connections[index];
  }

  /** One that has ended, but is still in the list while its calls are told, is the last choice. */
  #weightOf({ open, congested, load }: Connection): number {
    if (!open) return Number.POSITIVE_INFINITY;
    if (congested) return CONGESTION + load;
    return load + 0.5 < this.#most ? 0 : load;
  }
}

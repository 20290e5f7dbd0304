import type { Connection } from "../connection/connection.ts";
import { TroupeError } from "../errors.ts";
import { Redial, type RedialWork } from "./redial.ts";
import type { Unit } from "./unit.ts";

/** All connections of a peer that have lost their channels, and what is done to find them others. */
export class Redials {
  readonly #most: number;
  readonly #work: RedialWork;
  /** Those that wait now, the first to lose its channel first. */
  readonly #suspended = new Map<Connection, Redial>();
  /** Of each that has ever waited: a channel that is lost again at once is not dialled again at once. */
  readonly #past = new WeakMap<Connection, Redial>();

  /** @param most - how many may wait at once; with one more, the first waits no longer */
  constructor(most: number, work: RedialWork) {
    this.#most = most;
    this.#work = work;
  }

  /** A connection has lost its channel. May be told again while it waits. */
  suspended(unit: Unit, connection: Connection): void {
    let redial = this.#suspended.get(connection);
    if (redial === undefined) {
      redial = this.#past.get(connection) ?? new Redial(connection, () => unit.ways, this.#work);
      this.#past.set(connection, redial);
      this.#suspended.set(connection, redial);
    }
    redial.start();
    if (this.#suspended.size <= this.#most) return;
    for (const first of this.#suspended.keys()) {
      first.abort(
        new TroupeError("LIMIT", `more than ${this.#most} connections wait to be resumed`),
      );
      return;
    }
  }

  /** It has another channel, or is over. */
  resumed(connection: Connection): void {
    this.#suspended.get(connection)?.stop();
    this.#suspended.delete(connection);
  }

  /** Whether this side's own dial for it may have been heard by the other side. */
  committed(connection: Connection): boolean {
    return this.#suspended.get(connection)?.committed ?? false;
  }
}

import { expect } from "vitest";
import type { Connection, Resumption } from "../../src/connection/connection.ts";
import { TroupeError } from "../../src/errors.ts";
import { parseAddress } from "../../src/peer/address.ts";
import { Redial, type RedialWork } from "../../src/peer/redial.ts";
import type { Way } from "../../src/peer/way.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { FakeConnection } from "./fakes.ts";

export const unreachable: TroupeError = new TroupeError("CONNECT_FAILED", "no answer");
export const over: TroupeError = new TroupeError("DISCONNECTED", "it is over");
export const nothingThere: TroupeError = new TroupeError("CONNECT_FAILED", "nothing listens", {
  cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
});

/** A connection that has lost its channel. */
export class Lost extends FakeConnection {
  override suspended = true;
  /** Records that have come. */
  received = 0;

  constructor() {
    super();
    const told = (): Resumption => ({ name: "ab".repeat(16), records: this.received });
    Object.defineProperty(this, "resumption", { get: told });
  }
}

/** A way by its port. */
export const wayTo = (port: number, signal: AbortSignal = new AbortController().signal): Way => ({
  address: parseAddress(`ws://10.0.0.1:${port}`),
  client: {},
  signal,
});

/** One attempt, for the test to decide. */
export interface Attempt {
  readonly port: number;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly commit: () => void;
  succeed(): Promise<void>;
  fail(reason?: TroupeError): Promise<void>;
}

/** Redialling with everything around it under control. */
export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly connection: Lost = new Lost();
  readonly attempts: Attempt[] = [];
  readonly work: RedialWork = {
    clock: this.clock,
    random: () => 0.5,
    redial: (way, connection, signal, commit) => this.#attempt(way, connection, signal, commit),
  };
  readonly redial: Redial;
  ways: readonly Way[];

  constructor(...ports: readonly number[]) {
    this.ways = ports.map((port) => wayTo(port));
    this.redial = new Redial(this.connection, () => this.ways, this.work);
  }

  /** Which ports were dialled, and when. */
  get dialled(): string[] {
    return this.attempts.map(({ port, at }) => `${port} at ${at}`);
  }

  get last(): Attempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error("nothing was dialled");
    return attempt;
  }

  async start(): Promise<void> {
    this.redial.start();
    await this.clock.settle();
  }

  #attempt(
    way: Way,
    connection: Connection,
    signal: AbortSignal,
    commit: () => void,
  ): Promise<void> {
    expect(connection).toBe(this.connection);
    return new Promise((resolve, reject) => {
      this.attempts.push({
        port: Number(way.address.url.port),
        at: this.clock.now(),
        signal,
        commit,
        succeed: () => {
          resolve();
          return this.clock.settle();
        },
        fail: (reason = unreachable) => {
          reject(reason);
          return this.clock.settle();
        },
      });
    });
  }
}

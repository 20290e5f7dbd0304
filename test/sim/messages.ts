import type { Connection, Unit } from "troupe";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Run } from "./site.ts";
import type { Trace } from "./trace.ts";

interface Posted {
  readonly id: number;
  /** May be dropped where it arrives: a subscriber may have left by then. */
  readonly optional: boolean;
}

/** What one run has sent to another by one connection, in order. */
interface Lane {
  readonly from: Run;
  readonly to: string;
  readonly connection: Connection;
  readonly posted: Posted[];
  /** How many of them have arrived or been passed over. */
  arrived: number;
}

const TOPICS = ["news", "weather"];

/** One-way messages, broadcasts and topics: what was sent by which connection, and what arrived of it. */
export class Messages {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #lanes: Lane[] = [];
  readonly #byConnection = new Map<Connection, Lane>();
  /** Where each message went: it may go to many. */
  readonly #sent = new Map<string, Lane>();
  readonly #subscriptions = new Map<string, () => void>();
  #count = 0;
  #received = 0;

  constructor(random: Random, ledger: Ledger, trace: Trace) {
    this.#random = random;
    this.#ledger = ledger;
    this.#trace = trace;
  }

  /** How many were received. */
  get received(): number {
    return this.#received;
  }

  install(run: Run): void {
    run.peer
      .role("post")
      .onMessage<number>("note", ({ data, unit }) => this.#hear(run, unit, data));
    for (const _ of TOPICS) this.turn(run);
  }

  /** Subscribes to a topic, or hears it no more. */
  turn(run: Run): void {
    const topic = this.#random.pick(TOPICS) ?? "";
    const key = `${run.name} ${topic}`;
    const unsubscribe = this.#subscriptions.get(key);
    if (unsubscribe !== undefined) {
      this.#subscriptions.delete(key);
      unsubscribe();
      return;
    }
    const hear = run.peer.subscribe<number>(topic, ({ data, unit }) => this.#hear(run, unit, data));
    this.#subscriptions.set(key, () => hear.unsubscribe());
  }

  send(run: Run): void {
    const id = this.#count++;
    const unit = run.peer.destination("post").send("note", id);
    if (unit !== undefined) this.#post(run, unit, { id, optional: false });
  }

  broadcast(run: Run): void {
    const id = this.#count++;
    const units = run.peer.destination("post").broadcast("note", id);
    for (const unit of units) this.#post(run, unit, { id, optional: false });
  }

  publish(run: Run): void {
    const id = this.#count++;
    const role = `$topic/${this.#random.pick(TOPICS)}`;
    const units = run.peer.units.filter((unit) => unit.activeRoles.includes(role));
    const count = run.peer.publish(role.replace("$topic/", ""), id);
    // A unit that drains is connected, and hears no topic any more.
    this.#ledger.check(count <= units.length, () => `${run.name} publishes to ${count} units`);
    for (const unit of units) this.#post(run, unit, { id, optional: true });
  }

  /**
   * When all is quiet: a connection that lives has lost nothing.
   *
   * @param lossless - nor has any other
   */
  finish(lossless: boolean): void {
    for (const { from, to, connection, posted, arrived } of this.#lanes) {
      const lives = !from.killed && connection.open && connection.buffered === 0;
      const [lost] = posted.slice(arrived).filter(({ optional }) => !optional);
      this.#ledger.check(
        lost === undefined || !(lives || lossless),
        () => `${from.name} has sent message ${lost?.id} to ${to}: it never arrived`,
      );
    }
  }

  #post(run: Run, unit: Unit, posted: Posted): void {
    const connection = unit.connections.find(({ open }) => open);
    if (connection === undefined) return;
    let lane = this.#byConnection.get(connection);
    if (lane === undefined) {
      lane = { from: run, to: unit.name, connection, posted: [], arrived: 0 };
      this.#byConnection.set(connection, lane);
      this.#lanes.push(lane);
    }
    lane.posted.push(posted);
    this.#sent.set(`${posted.id}>${unit.name}`, lane);
    this.#trace.add(`${run.name} sends message ${posted.id} to ${unit.name}`);
  }

  #hear(run: Run, unit: Unit, id: number): void {
    this.#received++;
    this.#trace.add(`${run.name} hears message ${id} of ${unit.name}`);
    const lane = this.#sent.get(`${id}>${run.name}`);
    const what = `message ${id} to ${run.name}`;
    if (lane === undefined || lane.from.name !== unit.name) {
      this.#ledger.fault(`${what} was not sent by ${unit.name}`);
      return;
    }
    const at = lane.posted.findIndex((posted) => posted.id === id);
    const passed = lane.posted.slice(lane.arrived, at).filter(({ optional }) => !optional);
    this.#ledger.check(at >= lane.arrived, () => `${what} arrives again, or behind a later one`);
    this.#ledger.check(passed.length === 0, () => `${what} arrives before ${passed[0]?.id}`);
    lane.arrived = Math.max(lane.arrived, at + 1);
  }
}

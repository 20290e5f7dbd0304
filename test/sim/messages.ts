import type { Connection, Unit } from "troupe";
import type { Arrivals } from "./arrivals.ts";
import { hostOf } from "./host.ts";
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

/** A message that takes its time to leave. */
interface Bulk {
  readonly id: number;
  readonly load: Uint8Array;
}

/** Milliseconds between two looks whether there is room. */
const LOOK = 20;

const TOPICS = ["news", "weather"];

/** One-way messages, broadcasts and topics: what was sent by which connection, and what arrived of it. */
export class Messages {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #arrivals: Arrivals;
  readonly #lanes: Lane[] = [];
  readonly #byConnection = new Map<Connection, Lane>();
  /** Where each message went: it may go to many. */
  readonly #sent = new Map<string, Lane>();
  readonly #subscriptions = new Map<string, () => void>();
  #count = 0;
  #received = 0;
  #held = 0;

  constructor(random: Random, ledger: Ledger, trace: Trace, arrivals: Arrivals) {
    this.#random = random;
    this.#ledger = ledger;
    this.#trace = trace;
    this.#arrivals = arrivals;
  }

  /** How many were received. */
  get received(): number {
    return this.#received;
  }

  /** How often a sender had to wait until there was room again. */
  get held(): number {
    return this.#held;
  }

  install(run: Run): void {
    run.peer
      .role("post")
      .onMessage<number>("note", ({ data, unit }) => this.#hear(run, unit, data))
      .onMessage<Bulk>("bulk", ({ data, unit }) => this.#hear(run, unit, data.id));
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

  /** More than the network takes at once, by one who waits for room as he is told to. */
  async bulk(run: Run): Promise<void> {
    const unit = this.#random.pick(run.peer.destination("post").units);
    if (unit === undefined) return;
    for (let left = 2 + this.#random.below(8); left > 0 && run.up; left--) {
      const id = this.#count++;
      const load = new Uint8Array(this.#random.below(50_000));
      if (run.peer.destination("post").send({ event: "bulk", unit }, { id, load }) === undefined)
        return;
      this.#post(run, unit, { id, optional: false });
      if (!(await this.#room(run, unit))) return;
    }
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

  /** @returns whether the unit is still there */
  async #room(run: Run, unit: Unit): Promise<boolean> {
    const what = `drained() of ${run.name} for ${unit.name}`;
    const settled = this.#ledger.wait(run, what);
    let waits = true;
    const look = (): void => {
      if (!waits || run.killed || unit.closed) return;
      const may = isFull(unit) || unit.connections.some(({ suspended }) => suspended);
      this.#ledger.check(may, () => `${what} goes on waiting though there is room`);
      if (may) void run.clock.sleep(LOOK).then(watch);
    };
    const watch = (): void => this.#arrivals.at(hostOf(unit.name), run, look);
    if (isFull(unit)) this.#held++;
    watch();
    try {
      await unit.drained();
    } catch (thrown) {
      this.#ledger.codeOf(what, thrown);
    }
    waits = false;
    settled();
    return !unit.closed;
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

const isFull = ({ connections }: Unit): boolean => connections.some(({ congested }) => congested);

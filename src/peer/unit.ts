import { type Deferred, defer } from "../async/deferred.ts";
import { Emitter } from "../async/emitter.ts";
import type { Connection, RemotePeer, RoleList } from "../connection/connection.ts";
import { broken, shown, TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import { MAX_ROLES, type Metadata, type Name } from "../frame/type.ts";
import { Shares } from "./balance-connections.ts";
import { isVisible } from "./role-name.ts";
import type { Way } from "./way.ts";

/** Milliseconds after which about a third of an old latency still counts beside a new one. */
const LATENCY_MEMORY = 10_000;

/** Ways to a unit that are remembered. */
const MAX_WAYS = 8;

/** What a unit announces. */
export interface UnitEvents {
  /** Its last connection is gone, and why. */
  close: [reason: TroupeError];
  /** It has lost the channels of all its connections, and may be there again soon. */
  suspend: [reason: TroupeError];
  /** It is there again, and nothing was lost. */
  resume: [];
  /** Its roles have changed. */
  roles: [];
}

/**
 * A remote peer that this peer is connected to, by one connection or several. It is closed when the
 * last of them is lost; a peer that comes back is a new unit.
 *
 * @example
 * ```ts
 * import { Peer } from "troupe";
 *
 * const peer = new Peer();
 * peer.on("unit", (unit) => {
 *   console.log(`${unit.name} plays ${unit.roles.join(", ")}`);
 *   unit.once("close", (reason) => console.log(`${unit.name} left: ${reason.message}`));
 * });
 * ```
 */
export class Unit extends Emitter<UnitEvents> {
  readonly #remote: RemotePeer;
  /** An array: a set takes several times the memory, in each of maybe thousands of units. */
  #roles: readonly string[] = [];
  #held: Set<Deferred<void>> | undefined;
  #connections: readonly Connection[] = [];
  /** Those of them that have a channel; all when none has. */
  #carried: readonly Connection[] = [];
  #suspended = false;
  /** By which this peer has reached it; made by the first. */
  #ways: Way[] | undefined;
  #rolesNumber = -1;
  #closed: TroupeError | undefined;
  /** Made once there are several connections: most units have one. */
  #shares: Shares | undefined;
  // Not undefined at first, so that a new number is written over the old one instead of being made.
  #latency = Number.NaN;
  #latencyTime = Number.NaN;

  /** @internal */
  constructor(remote: RemotePeer) {
    super();
    this.#remote = remote;
  }

  /** Its public key in hex. Several units have the same one when processes share an identity. */
  get id(): string {
    return this.#remote.id;
  }

  /** Random, of this run of its process. */
  get instance(): string {
    return this.#remote.instance;
  }

  /** The name it gave itself. Anyone may take any name: trust `id`. */
  get name(): string {
    return this.#remote.name;
  }

  /** Whether it wants to be told of other peers. */
  get friendly(): boolean {
    return this.#remote.friendly;
  }

  /** Where it says it can be dialled. */
  get addresses(): readonly string[] {
    return this.#remote.addresses;
  }

  /** What it tells about its process: `os`, `runtime`, `time`, `uptime`, `protocol`. Unchecked. */
  get meta(): Readonly<Record<string, unknown>> {
    return this.#remote.meta;
  }

  /** Names of the active roles it plays. */
  get roles(): string[] {
    return this.#roles.filter(isVisible);
  }

  /** The same as {@link Unit.roles}. */
  getRoles(): string[] {
    return this.roles;
  }

  /** Its tags, as it set them before it connected. */
  getTags(): Record<string, string> {
    return { ...this.#remote.tags };
  }

  /** Its connections, at least one until it is closed. */
  get connections(): readonly Connection[] {
    return this.#connections;
  }

  /** Whether its last connection is gone. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Whether all its connections have lost their channels. What is sent to it leaves when one of them has
   * another; if that does not come in time, it is closed.
   */
  get suspended(): boolean {
    return this.#suspended;
  }

  /** Round-trip time of its fastest connection in milliseconds; `undefined` until measured. */
  get rtt(): number | undefined {
    let best: number | undefined;
    for (const { rtt } of this.#connections) {
      if (rtt !== undefined && (best === undefined || rtt < best)) best = rtt;
    }
    return best;
  }

  /**
   * How long its answers take, its handlers' time included, in milliseconds; `undefined` until it has
   * answered a request. Rises at once to an answer that is slower, and falls over some 10 s.
   */
  get latency(): number | undefined {
    return Number.isNaN(this.#latency) ? undefined : this.#latency;
  }

  /** Requests in flight between the two peers, in both directions. */
  get load(): number {
    let load = 0;
    for (const connection of this.#connections) load += connection.load;
    return load;
  }

  /** Bytes waiting to be sent to it. */
  get buffered(): number {
    let bytes = 0;
    for (const connection of this.#connections) bytes += connection.buffered;
    return bytes;
  }

  /**
   * Resolves when little waits to be sent to it (at most 64 KiB a connection): the brake for whoever
   * sends faster than the network takes.
   *
   * @throws TroupeError `DISCONNECTED` (rejects) when it is closed before that
   */
  async drained(): Promise<void> {
    while (this.#congested) {
      const waiter = defer<void>();
      this.#held ??= new Set();
      this.#held.add(waiter);
      await waiter.promise;
    }
    if (this.#closed !== undefined) throw this.#closed;
  }

  /** Says goodbye and closes its connections. A permanent address is dialled again. */
  close(): void {
    const reason = new TroupeError("CLOSED", "the unit was closed by its peer");
    for (const connection of this.#connections) connection.close(reason);
  }

  /** @internal For messages to people. */
  get label(): string {
    return this.name === "" ? `unit ${this.id.slice(0, 8)}` : `unit ${shown(this.name)}`;
  }

  /** @internal Names of all active roles, those of the library's own included. */
  get activeRoles(): readonly string[] {
    return this.#roles;
  }

  /**
   * @internal A one-way call. All of them go by the same connection, the oldest, as they must arrive in
   * order.
   */
  send(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.#oldest().send(name, metadata, payload);
  }

  /** @internal The connection for the next request: each in turn, unless it is busier than others. */
  leastBusy(): Connection {
    let connection = this.#carried[0];
    if (this.#carried.length > 1) {
      this.#shares ??= new Shares();
      connection = this.#shares.pick(this.#carried);
    }
    if (connection === undefined) throw this.#lost;
    return connection;
  }

  /** @internal It has answered, after so many milliseconds. */
  answered(after: number, now: number): void {
    let latency = after;
    // The first one counts as it is: no number is above it.
    if (this.#latency > after)
      latency += (this.#latency - after) * Math.exp((this.#latencyTime - now) / LATENCY_MEMORY);
    this.#latency = latency;
    this.#latencyTime = now;
  }

  /** @internal It has not answered within so many milliseconds: its latency is that at least. */
  silent(within: number, now: number): void {
    if ((this.latencyAt(now) ?? 0) <= within) this.answered(within, now);
  }

  /** @internal Its latency as far as it still counts: one that is not measured any more fades. */
  latencyAt(now: number): number | undefined {
    if (Number.isNaN(this.#latency)) return undefined;
    return this.#latency * Math.exp((this.#latencyTime - now) / LATENCY_MEMORY);
  }

  /** @internal */
  attach(connection: Connection): void {
    this.#connections = this.#connections.concat(connection);
    this.weigh();
  }

  /** @internal One of its connections has lost its channel, or has another one. */
  weigh(): void {
    const carried = this.#connections.filter(({ suspended }) => !suspended);
    const all = carried.length === 0 || carried.length === this.#connections.length;
    this.#carried = all ? this.#connections : carried;
    this.#suspended = carried.length === 0 && this.#connections.length > 0;
  }

  /** @internal */
  reachedBy(way: Way): void {
    const others = this.#ways?.filter(({ address }) => address.key !== way.address.key) ?? [];
    this.#ways = [way, ...others].slice(0, MAX_WAYS);
  }

  /** @internal Those by which it was reached, the last one first. */
  get ways(): readonly Way[] {
    return this.#ways ?? [];
  }

  /** @internal Returns whether that was its last one. */
  detach(connection: Connection, reason: TroupeError): boolean {
    this.#connections = this.#connections.filter((other) => other !== connection);
    this.weigh();
    if (this.#connections.length > 0) {
      this.released();
      return false;
    }
    this.#closed = reason;
    this.released();
    return true;
  }

  /** @internal One of its connections is congested no more, or gone. */
  released(): void {
    const waiters = this.#held;
    this.#held = undefined;
    for (const waiter of waiters ?? []) waiter.resolve();
  }

  /** @internal Takes over what it announced, and tells what is new. */
  learn({ number, roles }: RoleList, full: boolean): { joined: string[]; left: string[] } {
    // The same change comes by each connection: the slower one must not bring back what is past.
    if (number <= this.#rolesNumber) return { joined: [], left: [] };
    this.#rolesNumber = number;
    const before = new Set(this.#roles);
    const now = new Set(full ? [] : before);
    for (const { name, active } of roles) {
      if (active) now.add(name);
      else now.delete(name);
    }
    if (now.size > MAX_ROLES) throw broken(`a unit that plays more than ${MAX_ROLES} roles`);
    this.#roles = [...now];
    return {
      joined: this.#roles.filter((role) => !before.has(role)),
      left: [...before].filter((role) => !now.has(role)),
    };
  }

  #oldest(): Connection {
    for (const connection of this.#connections) if (connection.open) return connection;
    const ended = this.#connections[0];
    if (ended === undefined) throw this.#lost;
    return ended;
  }

  get #congested(): boolean {
    for (const { congested } of this.#connections) if (congested) return true;
    return false;
  }

  /** What a call fails with when there is no connection for it. */
  get #lost(): TroupeError {
    return this.#closed ?? new TroupeError("DISCONNECTED", `${this.label} has no connection`);
  }
}

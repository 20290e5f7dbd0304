import { type Deferred, defer } from "../async/deferred.ts";
import { Emitter } from "../async/emitter.ts";
import type { Connection, RemotePeer, RoleList } from "../connection/connection.ts";
import { broken, shown, TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import { MAX_ROLES, type Metadata, type Name } from "../frame/type.ts";
import { isVisible } from "./role-name.ts";

/** What a unit announces. */
export interface UnitEvents {
  /** Its last connection is gone, and why. */
  close: [reason: TroupeError];
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
  readonly #roles = new Set<string>();
  #held: Set<Deferred<void>> | undefined;
  #connections: readonly Connection[] = [];
  #rolesNumber = -1;
  #closed: TroupeError | undefined;

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
    return [...this.#roles].filter(isVisible);
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

  /** Round-trip time of its fastest connection in milliseconds; `undefined` until measured. */
  get rtt(): number | undefined {
    let best: number | undefined;
    for (const { rtt } of this.#connections) {
      if (rtt !== undefined && (best === undefined || rtt < best)) best = rtt;
    }
    return best;
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
  get activeRoles(): ReadonlySet<string> {
    return this.#roles;
  }

  /** @internal A one-way call. */
  send(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.leastBusy().send(name, metadata, payload);
  }

  /** @internal The connection that has the least to do. */
  leastBusy(): Connection {
    let best: Connection | undefined;
    for (const connection of this.#connections) {
      if (best === undefined || connection.load < best.load) best = connection;
    }
    if (best !== undefined) return best;
    throw this.#closed ?? new TroupeError("DISCONNECTED", `${this.label} has no connection`);
  }

  /** @internal */
  attach(connection: Connection): void {
    this.#connections = this.#connections.concat(connection);
  }

  /** @internal Returns whether that was its last one. */
  detach(connection: Connection, reason: TroupeError): boolean {
    this.#connections = this.#connections.filter((other) => other !== connection);
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
    const joined: string[] = [];
    const left: string[] = [];
    // The same change comes by each connection: the slower one must not bring back what is past.
    if (number <= this.#rolesNumber) return { joined, left };
    this.#rolesNumber = number;
    const now = new Set(roles.filter(({ active }) => active).map(({ name }) => name));
    const over = full ? [...this.#roles] : roles.map(({ name }) => name);
    for (const role of over) if (!now.has(role) && this.#roles.delete(role)) left.push(role);
    for (const role of now) {
      if (this.#roles.has(role)) continue;
      this.#roles.add(role);
      joined.push(role);
    }
    if (this.#roles.size > MAX_ROLES)
      throw broken(`a unit that plays more than ${MAX_ROLES} roles`);
    return { joined, left };
  }

  get #congested(): boolean {
    for (const { congested } of this.#connections) if (congested) return true;
    return false;
  }
}

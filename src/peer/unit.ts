import { type Deferred, defer } from "../async/deferred.ts";
import { Emitter } from "../async/emitter.ts";
import type { Connection, RemotePeer, RoleList } from "../connection/connection.ts";
import { TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import type { Context } from "./context.ts";
import { OutgoingRequest, type RequestDesk } from "./request.ts";

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
  /** Its public key in hex. Several units have the same one when processes share an identity. */
  readonly id: string;
  /** Random, of this run of its process. */
  readonly instance: string;
  /** The name it gave itself. Anyone may take any name: trust `id`. */
  readonly name: string;
  /** Whether it wants to be told of other peers. */
  readonly friendly: boolean;
  /** Where it says it can be dialled. */
  readonly addresses: readonly string[];
  /** What it tells about its process: `os`, `runtime`, `time`, `uptime`, `protocol`. Unchecked. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly #tags: Readonly<Record<string, string>>;
  readonly #desk: RequestDesk;
  readonly #roles = new Set<string>();
  readonly #draining = new Set<Deferred<void>>();
  #connections: readonly Connection[] = [];
  #rolesNumber = -1;
  #closed: TroupeError | undefined;

  /** @internal */
  constructor(remote: RemotePeer, desk: RequestDesk) {
    super();
    this.id = remote.id;
    this.instance = remote.instance;
    this.name = remote.name;
    this.friendly = remote.friendly;
    this.addresses = remote.addresses;
    this.meta = remote.meta;
    this.#tags = remote.tags;
    this.#desk = desk;
  }

  /** Names of the active roles it plays. */
  get roles(): string[] {
    return [...this.#roles].filter((role) => !role.startsWith("$"));
  }

  /** The same as {@link Unit.roles}. */
  getRoles(): string[] {
    return this.roles;
  }

  /** Its tags, as it set them before it connected. */
  getTags(): Record<string, string> {
    return { ...this.#tags };
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
   * Resolves when what waits to be sent to it has left: the brake for whoever sends faster than the
   * network takes.
   *
   * @throws TroupeError `DISCONNECTED` (rejects) when it is closed before that
   */
  async drained(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.buffered === 0) return;
    const waiter = defer<void>();
    this.#draining.add(waiter);
    await waiter.promise;
  }

  /** Says goodbye and closes its connections. A permanent address is dialled again. */
  close(): void {
    const reason = new TroupeError("CLOSED", "the unit was closed by its peer");
    for (const connection of this.#connections) connection.close(reason);
  }

  /** @internal For messages to people. */
  get label(): string {
    return this.name === "" ? `unit ${this.id.slice(0, 8)}` : `unit "${this.name}"`;
  }

  /** @internal Names of all active roles, those of the library's own included. */
  get activeRoles(): ReadonlySet<string> {
    return this.#roles;
  }

  /** @internal A one-way call. */
  send(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.#leastBusy().send(name, metadata, payload);
  }

  /** @internal A request; settles within `timeout` whatever happens. */
  request<Data>(
    name: Name,
    metadata: Metadata | undefined,
    payload: Payload,
    timeout = this.#desk.timeout,
    signal?: AbortSignal,
  ): Promise<Context<Data>> {
    return new Promise((resolve, reject) => {
      const connection = this.#leastBusy();
      const settle = resolve as (ctx: Context) => void;
      new OutgoingRequest(
        this,
        connection,
        name,
        this.#desk,
        timeout,
        signal,
        settle,
        reject,
      ).start(metadata, payload);
    });
  }

  /** @internal */
  attach(connection: Connection): void {
    this.#connections = [...this.#connections, connection];
  }

  /** @internal Returns whether that was its last one. */
  detach(connection: Connection, reason: TroupeError): boolean {
    this.#connections = this.#connections.filter((other) => other !== connection);
    this.#released();
    if (this.#connections.length > 0) return false;
    this.#closed = reason;
    for (const waiter of this.#draining) waiter.reject(reason);
    this.#draining.clear();
    return true;
  }

  /** @internal What waited to be sent on one of its connections has left. */
  released(): void {
    this.#released();
  }

  /** @internal Takes over what it announced. */
  learn({ number, roles }: RoleList, full: boolean): void {
    // The same change comes by each connection: the slower one must not bring back what is past.
    if (number <= this.#rolesNumber) return;
    this.#rolesNumber = number;
    if (full) this.#roles.clear();
    for (const { name, active } of roles) {
      if (active) this.#roles.add(name);
      else this.#roles.delete(name);
    }
  }

  #released(): void {
    if (this.#draining.size === 0 || this.buffered > 0) return;
    const waiters = [...this.#draining];
    this.#draining.clear();
    for (const waiter of waiters) waiter.resolve();
  }

  #leastBusy(): Connection {
    const [first, ...others] = this.#connections;
    if (first === undefined) {
      throw this.#closed ?? new TroupeError("DISCONNECTED", `${this.label} has no connection`);
    }
    let best = first;
    for (const connection of others) if (connection.load < best.load) best = connection;
    return best;
  }
}

/// <reference lib="esnext.disposable" preserve="true" />
// Long for its documentation: each public method carries an example that the suite runs.
import { provider } from "#crypto";
import { type Clock, systemClock } from "../async/clock.ts";
import { toHex } from "../bytes/bytes.ts";
import type { ListenOptions } from "../channel/listening.ts";
import { type Introduction, MAX_INTRODUCED_ENTRIES } from "../connection/connection.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, withDefaults } from "../connection/limits.ts";
import { randomFraction } from "../crypto/fraction.ts";
import { badArgument, TroupeError } from "../errors.ts";
import { encodePayload } from "../frame/payload.ts";
import { Acceptor } from "./acceptor.ts";
import { parseAddress } from "./address.ts";
import { checkAllow } from "./allow.ts";
import {
  type ConnectCallback,
  type ConnectResult,
  type DoneCallback,
  promiseOr,
  withoutNull,
} from "./callback.ts";
import { Destination, peerClosed } from "./destination.ts";
import type { DestinationOptions } from "./destination-options.ts";
import type { DialerWork } from "./dialer.ts";
import { Dialers } from "./dialers.ts";
import { Dispatch } from "./dispatch.ts";
import { Door } from "./door.ts";
import type { MessageHandler } from "./handlers.ts";
import { resolveIdentity, resolveNetworkKey } from "./identity.ts";
import { Middleware } from "./middleware.ts";
import { Network } from "./network.ts";
import {
  type CloseOptions,
  type ConnectOptions,
  checkTold,
  type Logger,
  type PeerOptions,
  quietly,
} from "./options.ts";
import { type OwnedBy, own } from "./owned.ts";
import { AUTH_ERRORS } from "./peer-events.ts";
import { describePlatform } from "./platform.ts";
import { PresharedKeys } from "./preshared-keys.ts";
import type { Role, RoleOptions } from "./role.ts";
import { checkRoleName } from "./role-name.ts";
import { Roles } from "./roles.ts";
import { Roster } from "./roster.ts";
import { type Subscription, Topics } from "./topic.ts";
import type { Unit } from "./unit.ts";

const INSTANCE_BYTES = 16;

/**
 * The local node: plays roles, and calls roles elsewhere. It listens, dials, or both; who dialled
 * whom makes no difference afterwards.
 *
 * @example
 * ```ts
 * import { Peer } from "troupe";
 *
 * const bob = new Peer({ name: "bob" });
 * bob.role("greeter").onRequest("hello", (ctx) => `Hello, ${ctx.data}!`);
 * await bob.listen({ port: 0, host: "127.0.0.1" });
 *
 * const alice = new Peer({ name: "alice" });
 * await alice.connect(`ws://127.0.0.1:${bob.port}`);
 * const { data } = await alice.destination("greeter").request("hello", "Alice");
 * console.log(data); // Hello, Alice!
 *
 * await alice.close();
 * await bob.close();
 * ```
 */
export class Peer extends Middleware {
  /** A name for people; need not be unique. */
  readonly name: string;
  /** Whether it wants to be told of other peers. */
  readonly friendly: boolean;
  /** Its public key in hex: who it is, to everybody. */
  readonly id: string;
  readonly #clock: Clock = systemClock;
  readonly #since: number;
  readonly #logger: Logger;
  readonly #tags = new Map<string, string>();
  readonly #presharedKeys = new PresharedKeys();
  readonly #roster = new Roster();
  readonly #roles: Roles;
  readonly #topics: Topics;
  readonly #network: Network;
  readonly #acceptor: Acceptor;
  readonly #door: Door;
  readonly #destinations = new Map<string, Destination & OwnedBy<Peer>>();
  readonly #dialers = new Dialers((client) => this.#dialerWork(client));
  #closing: Promise<void> | undefined;

  /** @throws TroupeError `BAD_ARGUMENT` for options that cannot be */
  constructor(options: PeerOptions = {}) {
    super();
    const { identity, durable } = resolveIdentity(options.identity);
    const limits = withDefaults("limits", DEFAULT_LIMITS, options.limits);
    const timeouts = withDefaults("timeouts", DEFAULT_TIMEOUTS, options.timeouts);
    this.name = checkTold("name", options.name ?? "");
    this.friendly = options.friendly ?? true;
    this.id = identity.id;
    this.#since = this.#clock.now();
    this.#logger = quietly(options.logger ?? console);
    for (const [key, value] of Object.entries(options.tags ?? {})) this.setTag(key, value);
    this.#roles = new Roles((changed, number) =>
      this.#network.announce({ number, roles: [changed] }),
    );
    this.#topics = new Topics(this.#roles, this.#roster);
    this.#network = new Network({
      clock: this.#clock,
      limits,
      timeouts,
      credentials: {
        crypto: provider,
        signer: identity,
        networkKey: resolveNetworkKey(options.networkKey),
        presharedKeys: this.#presharedKeys.keys,
        parameters: { instance: toHex(provider.randomBytes(INSTANCE_BYTES)), durable },
      },
      id: identity.id,
      allowed: checkAllow("allow", options.allow),
      roles: this.#roles,
      roster: this.#roster,
      dispatch: new Dispatch(
        this.#roles,
        this.middleware,
        this.#logger,
        this.#clock,
        options.idempotency,
      ),
      introduction: () => this.#introduction(),
      met: (unit) => this.emit("unit", unit),
      parted: (unit, reason) => unit.emit("close", reason),
      cut: (remote, reason) => this.#cut(remote, reason),
    });
    this.#acceptor = new Acceptor(
      this.#clock,
      limits.handshakes,
      () => this.#network.full,
      (channel, time, done) =>
        this.#network.accept(channel, time, done, (reason) =>
          this.#refused(reason, channel.remote),
        ),
    );
    this.#door = new Door(this.#acceptor, () => this.#network.listenLimits);
  }

  /** The port it listens on; `undefined` when it does not. */
  get port(): number | undefined {
    return this.#door.port;
  }

  /** Where it can be dialled, as far as it knows: it must have been told a `host` to listen on. */
  get addresses(): string[] {
    return this.#door.addresses;
  }

  /** The units that are connected now. */
  get units(): Unit[] {
    return this.#roster.units;
  }

  /** The roles made on this peer. */
  get roles(): (Role & OwnedBy<Peer>)[] {
    return this.#roles.visible as (Role & OwnedBy<Peer>)[];
  }

  /** The destinations asked for so far. */
  get destinations(): (Destination & OwnedBy<Peer>)[] {
    return [...this.#destinations.values()];
  }

  /** Whether {@link Peer.close} has been called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * The role of this name, made when there is none; every unit is told of it. Options that are named
   * count from now on, also for a role that is there already; a boolean says whether it is active.
   *
   * @throws TroupeError `BAD_ARGUMENT` for a name that is empty, longer than 255 bytes, or begins with `$`, and
   *   for options that cannot be
   */
  role(name: string, options: RoleOptions | boolean = {}): Role & OwnedBy<Peer> {
    const given = typeof options === "boolean" ? { active: options } : options;
    const { role, made } = this.#roles.make(checkRoleName(name), given);
    if (made) this.emit("role", own(role, this));
    return role as Role & OwnedBy<Peer>;
  }

  /**
   * The units that play a role elsewhere, now and from now on. The same name gives the same
   * destination, unless `providers` are named: those give a new one, which lives as long as the peer, so
   * make it once. Other options that are named count from now on, also for one that is there already.
   *
   * @throws TroupeError `BAD_ARGUMENT` for a name that no role can have, and options that cannot be
   */
  destination(name: string, options: DestinationOptions = {}): Destination & OwnedBy<Peer> {
    const known = this.#destinations.get(checkRoleName(name));
    if (known !== undefined && options.providers === undefined) {
      known.configure(options);
      return known;
    }
    const { desk, streams } = this.#network;
    const destination = own(
      new Destination(name, options, this.#roster, desk, streams, this.#logger),
      this,
    );
    if (options.providers === undefined) this.#destinations.set(name, destination);
    return destination;
  }

  /** Listens, and tells a callback how that went instead of giving a promise. */
  listen(options: ListenOptions | number, callback: DoneCallback): void;
  /**
   * Takes connections in, on a server of its own or on one of yours.
   *
   * @returns this peer, once it listens
   * @throws TroupeError (rejects) `ADDRESS_IN_USE`, `BAD_ARGUMENT`, `CONNECT_FAILED`, `CLOSED`
   */
  listen(options: ListenOptions | number): Promise<this>;
  listen(
    options: ListenOptions | number,
    callback?: DoneCallback | null,
  ): Promise<this> | undefined {
    return promiseOr(callback, () => this.#listen(options));
  }

  /** Gets ready to take in what {@link Peer.handleUpgrade} is given, without a server of its own. */
  prepareWSServer(options: Pick<ListenOptions, "path" | "origins"> = {}): this {
    this.#checkOpen();
    this.#door.attach(options);
    return this;
  }

  /**
   * Takes over an upgrade request of an HTTP server of yours: the arguments of its `upgrade` event.
   *
   * @throws TroupeError `BAD_ARGUMENT` before {@link Peer.prepareWSServer} or {@link Peer.listen}
   */
  handleUpgrade(request: unknown, socket: unknown, head: Uint8Array): void {
    this.#door.handleUpgrade(request, socket, head);
  }

  /** Connects, and tells a callback how the first attempt went instead of giving a promise. */
  connect(address: string, callback: ConnectCallback): void;
  /** The same, with options. */
  connect(
    address: string,
    options: ConnectOptions | null | undefined,
    callback: ConnectCallback,
  ): void;
  /**
   * Connects to the peer at `ws://host:port` or `wss://host:port`; with `#<public key>` behind it, only
   * to the holder of that key. Unless `permanent: false`, it goes on trying in the background when the
   * first attempt fails, and reconnects whenever the connection is lost. The same address again joins
   * what is going on.
   *
   * @throws TroupeError (rejects) `BAD_ARGUMENT` `CONNECT_FAILED` `HANDSHAKE_FAILED` `WRONG_PEER`
   *   `KEY_CHANGED` `NO_COMMON_KEY` `WRONG_KEY` `NOT_ALLOWED` `SELF_CONNECTION` `CANCELLED` `CLOSED`
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using hub = new Peer();
   * await hub.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using peer = new Peer();
   * const { unit } = await peer.connect(`ws://127.0.0.1:${hub.port}#${hub.id}`);
   * console.log(unit.id === hub.id); // true: the pin has been proved
   * ```
   */
  connect(address: string, options?: ConnectOptions | null): Promise<ConnectResult>;
  connect(
    address: string,
    options?: ConnectOptions | ConnectCallback | null,
    callback?: ConnectCallback | null,
  ): Promise<ConnectResult> | undefined {
    if (typeof options === "function")
      return promiseOr(options as ConnectCallback, () => this.#connect(address, {}));
    return promiseOr(callback, () => this.#connect(address, options ?? {}));
  }

  /**
   * Forgets whose key was seen at an address, so that the next one is taken: for after a `KEY_CHANGED`
   * that is meant to be.
   *
   * @throws TroupeError `BAD_ARGUMENT` when it is no address
   */
  forget(address: string): this {
    this.#network.forget(parseAddress(address));
    return this;
  }

  /**
   * Adds a pre-shared key. As soon as a peer has one, it connects only to peers that prove to have the
   * same key under the same id. A word that people choose is good enough: nothing that travels allows
   * guessing it offline. A dialer offers its first 8.
   *
   * @param id - names the key, up to 64 bytes of UTF-8; shown to whoever is dialled
   * @throws TroupeError `BAD_ARGUMENT` for an empty id or key
   * @example
   * ```ts
   * import { Peer, TroupeError } from "troupe";
   *
   * await using vault = new Peer().addPresharedKey("team", "correct horse");
   * await vault.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using guest = new Peer().addPresharedKey("team", "battery staple");
   * try {
   *   await guest.connect(`ws://127.0.0.1:${vault.port}`, { permanent: false });
   * } catch (error) {
   *   if (error instanceof TroupeError) console.log(error.code); // WRONG_KEY
   * }
   * ```
   */
  addPresharedKey(id: string, key: string | Uint8Array): this {
    this.#presharedKeys.add(id, key);
    return this;
  }

  /**
   * Sets a text field that units can read; those connected already keep what they were told. There are
   * up to 64, of up to 1,024 characters each.
   *
   * @throws TroupeError `BAD_ARGUMENT` for anything else
   */
  setTag(key: string, value: string): this {
    checkTold("a tag's key", key);
    checkTold(`tag "${key}"`, value);
    if (this.#tags.size >= MAX_INTRODUCED_ENTRIES && !this.#tags.has(key))
      throw badArgument(`a peer has at most ${MAX_INTRODUCED_ENTRIES} tags`);
    this.#tags.set(key, value);
    return this;
  }

  /** The tags set so far. */
  getTags(): Record<string, string> {
    return Object.fromEntries(this.#tags);
  }

  /**
   * Hears a topic: all that connected units publish under it from now on.
   *
   * @throws TroupeError `BAD_ARGUMENT` for a topic that is empty or longer than 248 bytes
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using reader = new Peer();
   * const news = new Promise((resolve) => {
   *   const { unsubscribe } = reader.subscribe("news", (ctx) => {
   *     resolve(ctx.data);
   *     unsubscribe();
   *   });
   * });
   * await reader.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using writer = new Peer();
   * await writer.connect(`ws://127.0.0.1:${reader.port}`);
   * writer.publish("news", "it rains");
   * console.log(await news); // it rains
   * ```
   */
  subscribe<Data = unknown>(topic: string, handler: MessageHandler<Data>): Subscription {
    return this.#topics.subscribe(topic, handler);
  }

  /**
   * Sends data to every connected unit that has subscribed to a topic; own subscriptions do not hear it.
   *
   * @returns how many units it was sent to
   * @throws TroupeError `BAD_PAYLOAD`, `BAD_ARGUMENT`
   */
  publish(topic: string, data?: unknown): number {
    return this.#topics.publish(topic, encodePayload(data));
  }

  /** Leaves, and tells a callback when that is done instead of giving a promise. */
  close(callback: (error?: TroupeError) => void): void;
  /**
   * Leaves: takes no new connections, asks units for no new work, lets running calls finish, then
   * says goodbye and closes every connection. The same promise however often it is called.
   */
  close(options?: CloseOptions): Promise<void>;
  close(options?: CloseOptions | ((error?: TroupeError) => void)): Promise<void> | undefined {
    if (typeof options === "function") {
      return promiseOr(withoutNull(options), () => this.close());
    }
    this.#closing ??= this.#close(options?.timeout ?? 10_000);
    return this.#closing;
  }

  /** The same as {@link Peer.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(options: ListenOptions | number): Promise<this> {
    const ready = (): Promise<void> => this.#presharedKeys.ready();
    await this.#door.listen(options, ready, () => this.#checkOpen());
    return this;
  }

  async #connect(address: string, options: ConnectOptions): Promise<ConnectResult> {
    this.#checkOpen();
    const { unit, connection } = await this.#dialers.connect(address, options);
    return { unit, connection, ws: connection };
  }

  async #close(timeout: number): Promise<void> {
    const reason = new TroupeError("CLOSED", "the peer is closed");
    this.#dialers.stop(reason);
    const doorClosed = this.#door.close();
    if (timeout > 0) await this.#network.drain(timeout, () => this.#acceptor.strangers === 0);
    this.#acceptor.clear(reason);
    this.#roles.dismiss();
    this.#roster.close();
    await this.#network.close(reason);
    await doorClosed;
    this.emit("close");
  }

  #checkOpen(): void {
    if (this.closed) throw peerClosed();
  }

  #dialerWork(client: Readonly<Record<string, unknown>>): DialerWork {
    return {
      clock: this.#clock,
      random: () => randomFraction(provider),
      attempt: async (address, signal, lost) => {
        await this.#presharedKeys.ready();
        return this.#network.dial({ address, client, signal }, lost);
      },
      restored: (address, count, { unit }) =>
        this.emit("reconnect_success", { address, count, unit }),
      failed: (address, count, wait, error) =>
        this.emit("reconnect_fail", { address, count, wait, error }),
      refused: (address, error) => this.#refused(error, address),
    };
  }

  #refused(error: TroupeError, remote: string): void {
    if (AUTH_ERRORS.has(error.code)) this.emit("auth_error", error, remote);
  }

  #cut(remote: string, reason: TroupeError): void {
    if (reason.code === "PROTOCOL" || reason.code === "LIMIT") {
      this.#logger.warn(`connection with ${remote} cut: ${reason.message}`, reason);
    }
  }

  #introduction(): Introduction {
    return {
      name: this.name,
      friendly: this.friendly,
      addresses: this.addresses,
      tags: this.getTags(),
      meta: { ...describePlatform(), time: Date.now(), uptime: this.#clock.now() - this.#since },
    };
  }
}

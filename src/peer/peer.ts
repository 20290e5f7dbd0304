/// <reference lib="esnext.disposable" preserve="true" />
// Long for its documentation: each public method carries an example that the suite runs.
import { provider } from "#crypto";
import { attach, listen } from "#listen";
import { type Clock, systemClock } from "../async/clock.ts";
import { Emitter } from "../async/emitter.ts";
import { toHex } from "../bytes/bytes.ts";
import type { Listener, ListenOptions } from "../channel/listening.ts";
import { type Introduction, MAX_INTRODUCED_ENTRIES } from "../connection/connection.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, withDefaults } from "../connection/limits.ts";
import { randomFraction } from "../crypto/fraction.ts";
import { badArgument, TroupeError } from "../errors.ts";
import { encodePayload } from "../frame/payload.ts";
import { Acceptor } from "./acceptor.ts";
import { parseAddress } from "./address.ts";
import { checkAllow } from "./allow.ts";
import { Destination, type DestinationOptions, peerClosed } from "./destination.ts";
import type { Connected, DialerWork } from "./dialer.ts";
import { Dialers } from "./dialers.ts";
import { Dispatch } from "./dispatch.ts";
import { Handlers, type MessageHandler, type RequestHandler } from "./handlers.ts";
import { resolveIdentity, resolveNetworkKey } from "./identity.ts";
import { Network } from "./network.ts";
import {
  type CloseOptions,
  type ConnectOptions,
  checkTold,
  type Logger,
  type PeerOptions,
  quietly,
} from "./options.ts";
import type { PeerEvents } from "./peer-events.ts";
import { describePlatform } from "./platform.ts";
import { PresharedKeys } from "./preshared-keys.ts";
import type { Role, RoleOptions } from "./role.ts";
import { checkRoleName } from "./role-name.ts";
import { Roles } from "./roles.ts";
import { Roster } from "./roster.ts";
import { type Subscription, Topics } from "./topic.ts";
import type { Unit } from "./unit.ts";

/** Errors that say: not the one who should be there, or not one who may be here. */
const AUTH_ERRORS: ReadonlySet<string> = new Set([
  "HANDSHAKE_FAILED",
  "KEY_CHANGED",
  "NO_COMMON_KEY",
  "NOT_ALLOWED",
  "WRONG_KEY",
  "WRONG_PEER",
]);

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
export class Peer extends Emitter<PeerEvents> {
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
  readonly #handlers = new Handlers();
  readonly #roster = new Roster();
  readonly #roles: Roles;
  readonly #topics: Topics;
  readonly #network: Network;
  readonly #acceptor: Acceptor;
  readonly #destinations = new Map<string, Destination>();
  readonly #dialers = new Dialers((client) => this.#dialerWork(client));
  #listener: Listener | undefined;
  #binding = false;
  #listening = false;
  #listensAt: string | undefined;
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
      dispatch: new Dispatch(this.#roles, this.#handlers, this.#logger),
      introduction: () => this.#introduction(),
      met: (unit) => this.emit("unit", unit),
      parted: (unit, reason) => unit.emit("close", reason),
      ended: (remote, reason) => this.#ended(remote, reason),
    });
    this.#acceptor = new Acceptor(
      this.#clock,
      limits.handshakes,
      () => this.#network.full,
      (channel, time, done) =>
        this.#network.accept(channel, time, {
          opened: done,
          failed: (reason) => {
            done();
            this.#refused(reason, channel.remote);
          },
        }),
    );
  }

  /** The port it listens on; `undefined` when it does not. */
  get port(): number | undefined {
    return this.#listening ? this.#listener?.port : undefined;
  }

  /** Where it can be dialled, as far as it knows: it must have been told a `host` to listen on. */
  get addresses(): string[] {
    return this.#listensAt === undefined ? [] : [this.#listensAt];
  }

  /** The units that are connected now. */
  get units(): Unit[] {
    return this.#roster.units;
  }

  /** The roles made on this peer. */
  get roles(): Role[] {
    return this.#roles.visible;
  }

  /** The destinations asked for so far. */
  get destinations(): Destination[] {
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
   * @throws TroupeError `BAD_ARGUMENT` for a name that is empty, longer than 255 bytes, or begins with `$`
   */
  role(name: string, options: RoleOptions | boolean = {}): Role {
    const given = typeof options === "boolean" ? { active: options } : options;
    const { role, made } = this.#roles.make(checkRoleName(name), given);
    if (made) this.emit("role", role);
    return role;
  }

  /**
   * The units that play a role elsewhere, now and from now on. The same name gives the same
   * destination, unless `providers` are named: those give a new one, which lives as long as the peer, so
   * make it once.
   *
   * @throws TroupeError `BAD_ARGUMENT` for a name that no role can have
   */
  destination(name: string, options: DestinationOptions = {}): Destination {
    const known = this.#destinations.get(checkRoleName(name));
    if (known !== undefined && options.providers === undefined) return known;
    const destination = new Destination(name, options, this.#roster, this.#network.desk);
    if (options.providers === undefined) this.#destinations.set(name, destination);
    return destination;
  }

  /**
   * Takes connections in, on a server of its own or on one of yours.
   *
   * @returns this peer, once it listens
   * @throws TroupeError (rejects) `ADDRESS_IN_USE`, `BAD_ARGUMENT`, `CONNECT_FAILED`, `CLOSED`
   */
  async listen(options: ListenOptions | number): Promise<this> {
    this.#checkOpen();
    if (this.#listener !== undefined || this.#binding) {
      throw badArgument("this peer listens already; make another one for another port");
    }
    const given = typeof options === "number" ? { port: options } : options;
    this.#binding = true;
    let listener: Listener;
    try {
      await this.#presharedKeys.ready();
      listener = await listen(given, this.#acceptor, this.#network.listenLimits);
    } finally {
      this.#binding = false;
    }
    if (this.closed) {
      await listener.close();
      this.#checkOpen();
    }
    this.#listener = listener;
    this.#listening = true;
    if (given.host !== undefined) {
      const host = given.host.includes(":") ? `[${given.host}]` : given.host;
      this.#listensAt = `${listener.scheme}://${host}:${listener.port}${given.path ?? ""}`;
    }
    return this;
  }

  /** Gets ready to take in what {@link Peer.handleUpgrade} is given, without a server of its own. */
  prepareWSServer(options: Pick<ListenOptions, "path" | "origins"> = {}): this {
    this.#checkOpen();
    if (this.#listener !== undefined || this.#binding) {
      throw badArgument("this peer listens already");
    }
    this.#listener = attach(this.#acceptor, this.#network.listenLimits, options);
    return this;
  }

  /**
   * Takes over an upgrade request of an HTTP server of yours: the arguments of its `upgrade` event.
   *
   * @throws TroupeError `BAD_ARGUMENT` before {@link Peer.prepareWSServer} or {@link Peer.listen}
   */
  handleUpgrade(request: unknown, socket: unknown, head: Uint8Array): void {
    if (this.#listener === undefined)
      throw badArgument("call prepareWSServer() or listen() before handleUpgrade()");
    this.#listener.handleUpgrade(request, socket, head);
  }

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
  async connect(address: string, options: ConnectOptions = {}): Promise<Connected> {
    this.#checkOpen();
    return this.#dialers.connect(address, options);
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

  /** Middleware for one-way messages to all roles. */
  onMessage<Data = unknown>(middleware: MessageHandler<Data>): this {
    this.#handlers.add("message", middleware, undefined);
    return this;
  }

  /**
   * Middleware for requests to all roles.
   *
   * @example
   * ```ts
   * import { Peer, TroupeError } from "troupe";
   *
   * const peer = new Peer();
   * peer.onRequest(async (ctx) => {
   *   if (ctx.metadata["token"] !== "secret") throw new TroupeError("NOT_ALLOWED", "who are you?");
   *   await ctx.next(); // what comes after it, until there is an answer or an error
   *   console.log(`${ctx.role}/${ctx.event}:`, ctx.error ?? ctx.response);
   * });
   * ```
   */
  onRequest<Data = unknown>(middleware: RequestHandler<Data>): this {
    this.#handlers.add("request", middleware, undefined);
    return this;
  }

  /** Middleware for calls of every kind to all roles. */
  onData<Data = unknown>(middleware: RequestHandler<Data>): this {
    this.#handlers.addData(middleware);
    return this;
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

  /**
   * Leaves: takes no new connections, asks units for no new work, lets running calls finish, then
   * says goodbye and closes every connection. The same promise however often it is called.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeout ?? 10_000);
    return this.#closing;
  }

  /** The same as {@link Peer.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeout: number): Promise<void> {
    const reason = new TroupeError("CLOSED", "the peer is closed");
    this.#dialers.stop(reason);
    this.#listening = false;
    const listenerClosed = this.#listener?.close();
    this.#acceptor.clear(reason);
    if (timeout > 0) await this.#network.drain(timeout);
    this.#roster.close();
    await this.#network.close(reason);
    await listenerClosed;
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
        return this.#network.dial(address, client, signal, lost);
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

  #ended(remote: string, reason: TroupeError): void {
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

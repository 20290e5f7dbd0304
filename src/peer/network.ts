import { dial } from "#dial";
import type { Clock } from "../async/clock.ts";
import { Deadlines } from "../async/deadlines.ts";
import { type Deferred, defer } from "../async/deferred.ts";
import { toHex } from "../bytes/bytes.ts";
import type { Channel, ChannelLimits } from "../channel/channel.ts";
import type { ListenLimits } from "../channel/listening.ts";
import type { ConnectionConfig } from "../connection/config.ts";
import type { Connection, Introduction, RoleList } from "../connection/connection.ts";
import { Flusher } from "../connection/flusher.ts";
import { FRAME_OVERHEAD, highWater, type Limits, type Timeouts } from "../connection/limits.ts";
import { type Candidate, type Credentials, openConnection } from "../connection/open.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Allowed } from "./allow.ts";
import { Attachment, type Members, type Outcome } from "./attachment.ts";
import type { Connected } from "./dialer.ts";
import type { Dispatch } from "./dispatch.ts";
import { RequestDesk } from "./request.ts";
import type { Roles } from "./roles.ts";
import type { Roster } from "./roster.ts";
import { StreamDesk } from "./stream-desk.ts";
import type { Unit } from "./unit.ts";

/** What a listener that was dialled may send before it is known: its introduction comes with the last step. */
const LISTENER_HANDSHAKE_BYTES = 256 * 1024;

/** Milliseconds a unit has to hear that this peer is leaving: what it has sent before is still served. */
const FAREWELL_TIME = 1000;

/** What a network needs of its peer. */
export interface NetworkConfig {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly credentials: Credentials;
  /** This peer's public key in hex. */
  readonly id: string;
  readonly allowed: Allowed;
  readonly roles: Roles;
  readonly roster: Roster;
  readonly dispatch: Dispatch;
  readonly introduction: () => Introduction;
  /** A new unit is there. */
  readonly met: (unit: Unit) => void;
  /** A unit is gone. */
  readonly parted: (unit: Unit, reason: TroupeError) => void;
  /** A connection ended. */
  readonly ended: (remoteAddress: string, reason: TroupeError) => void;
}

/** All connections of a peer: opens them, and makes units of them. */
export class Network {
  readonly desk: RequestDesk;
  readonly streams: StreamDesk;
  readonly #config: NetworkConfig;
  readonly #deadlines: Deadlines;
  readonly #connections = new Set<Connection>();
  /** Durable identities by the address they were met at. */
  readonly #remembered = new Map<string, string>();
  readonly #emptied = new Set<Deferred<void>>();
  readonly #connectionConfig: ConnectionConfig;
  readonly #members: Members;
  #channels = 0;

  constructor(config: NetworkConfig) {
    this.#config = config;
    this.#deadlines = new Deadlines(config.clock);
    this.desk = new RequestDesk(config.clock, this.#deadlines, config.timeouts.request);
    this.streams = new StreamDesk(config.clock, this.#deadlines, config.timeouts.request);
    this.#connectionConfig = {
      clock: config.clock,
      deadlines: this.#deadlines,
      flusher: new Flusher(config.clock),
      limits: config.limits,
      timeouts: config.timeouts,
      introduction: () => config.introduction(),
      roles: () => config.roles.list,
    };
    this.#members = {
      ...config,
      connections: this.#connections,
      changed: () => this.#changed(),
      gone: () => {
        this.#channels--;
        this.#changed();
      },
    };
  }

  /** Whether there are as many connections as the peer takes. */
  get full(): boolean {
    return this.#channels >= this.#config.limits.connections;
  }

  /** What strangers are bound by while they connect. */
  get listenLimits(): ListenLimits {
    return {
      ...this.#channelLimits(this.#config.limits.handshakeBytes),
      handshakeTime: this.#config.timeouts.handshake,
    };
  }

  /** Makes a connection of an accepted channel. */
  accept(channel: Channel, time: number, outcome: Outcome): Connection {
    return this.#open(channel, "responder", (candidate) => this.#judge(candidate), time, outcome);
  }

  /**
   * Dials an address once.
   *
   * @param lost - called when the connection that was opened ends
   * @throws TroupeError (rejects) whatever kept it from opening
   */
  async dial(
    address: Address,
    client: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    lost: (reason: TroupeError) => void,
  ): Promise<Connected> {
    const { clock, timeouts } = this.#config;
    const attempt = new AbortController();
    const giveUp = (): void => attempt.abort(signal.reason);
    const late = (): void => attempt.abort(unreachable(address, timeouts.handshake));
    const timer = clock.after(timeouts.handshake, late);
    signal.addEventListener("abort", giveUp);
    try {
      signal.throwIfAborted();
      const limits = this.#channelLimits(LISTENER_HANDSHAKE_BYTES);
      const channel = await dial(address.url, { limits, signal: attempt.signal, client });
      return await this.#converse(address, channel, attempt.signal, lost);
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Whoever is met at this address next is remembered instead. */
  forget(address: Address): void {
    this.#remembered.delete(address.key);
  }

  /** Tells all units. */
  announce(list: RoleList): void {
    for (const connection of this.#connections) connection.announce(list, false);
  }

  /** Asks all units for no new work, and resolves when no request is in flight, or `timeout` is over. */
  async drain(timeout: number): Promise<void> {
    const { clock } = this.#config;
    const since = clock.now();
    for (const connection of this.#connections) connection.drain();
    await this.#until(() => this.#drainKnown, Math.min(timeout, FAREWELL_TIME));
    await this.#until(() => this.#idle, timeout - (clock.now() - since));
  }

  /** Closes all connections; resolves when their channels are closed. */
  async close(reason: TroupeError): Promise<void> {
    for (const connection of [...this.#connections]) connection.close(reason);
    await this.#until(() => this.#channels === 0);
    this.#deadlines.clear();
  }

  get #drainKnown(): boolean {
    for (const connection of this.#connections) if (!connection.drainKnown) return false;
    return true;
  }

  get #idle(): boolean {
    for (const connection of this.#connections) if (connection.load > 0) return false;
    return true;
  }

  /** Waits for a state that {@link #changed} may bring about. */
  async #until(reached: () => boolean, timeout?: number): Promise<void> {
    const over = defer<void>();
    const timer =
      timeout === undefined ? undefined : this.#config.clock.after(timeout, () => over.resolve());
    let late = false;
    void over.promise.then(() => {
      late = true;
    });
    while (!reached() && !late) {
      const change = defer<void>();
      this.#emptied.add(change);
      await Promise.race([change.promise, over.promise]);
      this.#emptied.delete(change);
    }
    timer?.cancel();
  }

  #changed(): void {
    for (const waiter of this.#emptied) waiter.resolve();
  }

  #channelLimits(handshakeBytes: number): ChannelLimits {
    const { messageBytes } = this.#config.limits;
    return {
      handshakeBytes,
      messageBytes: messageBytes + FRAME_OVERHEAD,
      highWater: highWater(this.#config.limits),
    };
  }

  /** The handshake and introductions on a channel that was dialled. */
  #converse(
    address: Address,
    channel: Channel,
    signal: AbortSignal,
    lost: (reason: TroupeError) => void,
  ): Promise<Connected> {
    return new Promise((resolve, reject) => {
      const abort = (): void =>
        connection.abort(toTroupeError(signal.reason, "CANCELLED", "connecting was given up"));
      let met: Candidate | undefined;
      const judge = (candidate: Candidate): TroupeError | undefined => {
        met = candidate;
        return this.#recognise(address, candidate) ?? this.#judge(candidate);
      };
      const done = (): void => signal.removeEventListener("abort", abort);
      const connection = this.#open(channel, "dialer", judge, this.#config.timeouts.handshake, {
        opened: (connected) => {
          done();
          if (met !== undefined) this.#remember(address, met);
          resolve(connected);
        },
        failed: (reason) => {
          done();
          reject(reason);
        },
        lost,
      });
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
  }

  /** Whether the one who answers at an address is who must be there. */
  #recognise({ key, pin }: Address, { identity }: Candidate): TroupeError | undefined {
    const id = toHex(identity);
    if (pin !== undefined) {
      if (pin === id) return undefined;
      return new TroupeError("WRONG_PEER", `${key} is held by ${id}, not by the pinned ${pin}`);
    }
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined && remembered !== id) {
      return new TroupeError(
        "KEY_CHANGED",
        `${key} was held by ${remembered} and is now by ${id}; if that is meant to be, call peer.forget("${key}")`,
      );
    }
    return undefined;
  }

  /**
   * Only an identity that outlives its process can be recognised after a restart, and only who was let
   * in is worth it: a stranger who fails the pre-shared key must not take the address from its holder.
   */
  #remember({ key, pin }: Address, { identity, parameters }: Candidate): void {
    if (pin === undefined && parameters.durable) this.#remembered.set(key, toHex(identity));
  }

  #judge({ identity, parameters }: Candidate): TroupeError | undefined {
    const { id: own, credentials, allowed } = this.#config;
    const id = toHex(identity);
    if (id === own && parameters.instance === credentials.parameters.instance) {
      return new TroupeError(
        "SELF_CONNECTION",
        "this address leads to the very peer that dials it",
      );
    }
    if (!allowed(id))
      return new TroupeError("NOT_ALLOWED", `${id} is not on this peer's allow list`);
    return undefined;
  }

  #open(
    channel: Channel,
    side: "dialer" | "responder",
    judge: (candidate: Candidate) => TroupeError | undefined,
    time: number,
    outcome: Outcome,
  ): Connection {
    this.#channels++;
    const attachment = new Attachment(this.#members, outcome);
    return openConnection(
      channel,
      side,
      this.#config.credentials,
      judge,
      this.#connectionConfig,
      attachment,
      time,
    );
  }
}

const unreachable = ({ url }: Address, time: number): TroupeError =>
  new TroupeError("CONNECT_FAILED", `${url.href} did not answer within ${time} ms`);

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
import {
  type Arrival,
  type Candidate,
  type Credentials,
  type Gate,
  notHere,
  openConnection,
} from "../connection/open.ts";
import { randomFraction } from "../crypto/fraction.ts";
import { TroupeError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Allowed } from "./allow.ts";
import { Attachment, type Members, type Outcome } from "./attachment.ts";
import { Connector } from "./connector.ts";
import type { Connected } from "./dialer.ts";
import type { Dispatch } from "./dispatch.ts";
import { Redials } from "./redials.ts";
import { RequestDesk } from "./request.ts";
import type { Roles } from "./roles.ts";
import type { Roster } from "./roster.ts";
import { StreamDesk } from "./stream-desk.ts";
import type { Unit } from "./unit.ts";
import type { Way } from "./way.ts";

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
  /** A connection lost its channel, or ended. */
  readonly cut: (remoteAddress: string, reason: TroupeError) => void;
}

/** All connections of a peer: opens them, and makes units of them. */
export class Network {
  readonly desk: RequestDesk;
  readonly streams: StreamDesk;
  readonly #config: NetworkConfig;
  readonly #deadlines: Deadlines;
  readonly #connections = new Set<Connection>();
  readonly #connector: Connector;
  readonly #redials: Redials;
  /** For those who dial this peer. */
  readonly #gate: Gate = {
    judge: (candidate) => this.#admit(candidate),
    find: (candidate) => this.#find(candidate),
  };
  readonly #emptied = new Set<Deferred<void>>();
  readonly #connectionConfig: ConnectionConfig;
  readonly #members: Members;
  #channels = 0;
  #draining = false;

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
      random: (length) => config.credentials.crypto.randomBytes(length),
      introduction: () => config.introduction(),
      roles: () => config.roles.list,
    };
    this.#connector = new Connector({
      clock: config.clock,
      time: config.timeouts.handshake,
      limits: () => this.#channelLimits(LISTENER_HANDSHAKE_BYTES),
      judge: (candidate) => this.#judge(candidate),
      open: (channel, judge, time, outcome, resumes) =>
        this.#open(channel, "dialer", { judge, find: () => resumes }, time, outcome, resumes),
    });
    this.#redials = new Redials(config.limits.connections, {
      clock: config.clock,
      random: () => randomFraction(config.credentials.crypto),
      redial: (...attempt) => this.#connector.redial(...attempt),
    });
    this.#members = {
      ...config,
      connections: this.#connections,
      suspended: (unit, connection) => this.#redials.suspended(unit, connection),
      resumed: (connection) => this.#redials.resumed(connection),
      opened: (connection) => {
        if (this.#draining) connection.drain();
        this.#changed();
      },
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

  /**
   * Makes a connection of an accepted channel, or lets one go on by it.
   *
   * @param done - called when either has happened, or has failed
   */
  accept(
    channel: Channel,
    time: number,
    done: () => void,
    refused: (reason: TroupeError) => void,
  ): Arrival {
    return this.#open(channel, "responder", this.#gate, time, {
      opened: done,
      joined: done,
      failed: (reason) => {
        done();
        refused(reason);
      },
    });
  }

  /**
   * Dials an address once.
   *
   * @param lost - called when the connection that was opened ends
   * @throws TroupeError (rejects) whatever kept it from opening
   */
  dial(way: Way, lost: (reason: TroupeError) => void): Promise<Connected> {
    return this.#connector.dial(way, lost);
  }

  /** Whoever is met at this address next is remembered instead. */
  forget(address: Address): void {
    this.#connector.forget(address);
  }

  /** Tells all units. */
  announce(list: RoleList): void {
    for (const connection of this.#connections) connection.announce(list, false);
  }

  /**
   * Asks all units for no new work, and resolves when no request is in flight, or `timeout` is over.
   *
   * @param alone - whether nobody is about to come in: who is on the way may have sent requests already
   */
  async drain(timeout: number, alone: () => boolean): Promise<void> {
    const { clock } = this.#config;
    const since = clock.now();
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
    await this.#until(() => alone() && this.#drainKnown, Math.min(timeout, FAREWELL_TIME));
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

  /** The same for one who dials, and may want to go on with a connection. */
  #admit(candidate: Candidate): TroupeError | undefined {
    const objection = this.#judge(candidate);
    if (objection !== undefined || candidate.parameters.resumes === undefined) return objection;
    const known = this.#find(candidate);
    if (known === undefined) return notHere();
    // When both dial, one of the two channels is enough: that of the lower id.
    const lower =
      [this.#config.id, this.#config.credentials.parameters.instance].join() <
      [known.remote.id, known.remote.instance].join();
    return lower && this.#redials.committed(known) ? dialingItself() : undefined;
  }

  /** The connection that a dialer names; nobody finds one that is not its own. */
  #find({ identity, parameters }: Candidate): Connection | undefined {
    const name = parameters.resumes?.name;
    if (name === undefined) return undefined;
    const unit = this.#config.roster.find(toHex(identity), parameters.instance);
    return unit?.connections.find(({ resumption }) => resumption?.name === name);
  }

  #open(
    channel: Channel,
    side: "dialer" | "responder",
    gate: Gate,
    time: number,
    outcome: Outcome,
    resumes?: Connection,
  ): Arrival {
    this.#channels++;
    const attachment = new Attachment(this.#members, outcome);
    return openConnection(
      channel,
      side,
      this.#config.credentials,
      gate,
      this.#connectionConfig,
      attachment,
      time,
      resumes,
    );
  }
}

const dialingItself = (): TroupeError =>
  new TroupeError(
    "CANCELLED",
    "this side resumes the connection by a channel that it dials itself",
  );

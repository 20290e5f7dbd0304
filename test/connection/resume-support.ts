import { toHex } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import type { Channel } from "../../src/channel/channel.ts";
import { memoryPair } from "../../src/channel/memory.ts";
import type { ConnectionConfig } from "../../src/connection/config.ts";
import type { Connection } from "../../src/connection/connection.ts";
import { RetransmissionQueue } from "../../src/connection/native/retransmission.ts";
import {
  type Arrival,
  type Candidate,
  type Credentials,
  type Gate,
  type Judge,
  notHere,
  openConnection,
} from "../../src/connection/open.ts";
import type { StreamEnd, StreamKind, StreamUser } from "../../src/connection/stream.ts";
import { provider } from "../../src/crypto/default.node.ts";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Side } from "../../src/session/handshake.ts";
import { pattern } from "../crypto/support.ts";
import { keys } from "../session/support.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Wait } from "./streams-support.ts";
import { Asked, configOf, type EndOptions, NAME, Owner, TIME } from "./support.ts";

/** Milliseconds for which the connections here wait for another channel, if a test does not say otherwise. */
export const GRACE = 10_000;

/** Two joined channels, and what may become of what is on its way between them. */
export class Wire {
  readonly near: Channel;
  readonly far: Channel;
  readonly #clock: VirtualClock;
  readonly #waiting: (() => void)[] = [];
  #stalled: boolean;

  /** @param stalled - whether nothing arrives before {@link deliver} or {@link flow} */
  constructor(clock: VirtualClock, stalled = false) {
    this.#clock = clock;
    this.#stalled = stalled;
    const deliver = (step: () => void): void => {
      if (this.#stalled) this.#waiting.push(step);
      else clock.soon(step);
    };
    [this.near, this.far] = memoryPair({ limits: { highWater: 1024 }, deliver });
  }

  /** Steps that have not been made. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Nothing arrives any more, and nobody is told. */
  stall(): void {
    this.#stalled = true;
  }

  /** What has waited arrives, and all that follows. */
  flow(): void {
    this.#stalled = false;
    for (const step of this.#waiting.splice(0)) this.#clock.soon(step);
  }

  /** One of the steps that wait is made; those of one direction keep their order. */
  deliver(which = 0): void {
    const [step] = this.#waiting.splice(which % Math.max(this.#waiting.length, 1), 1);
    step?.();
  }

  /** Both ends are told that the other one is gone; what was on its way is lost. */
  cut(): void {
    this.near.abort();
  }
}

/** What a test may choose about a side. */
export interface MateOptions extends EndOptions {
  readonly presharedKeys?: Readonly<Record<string, string>>;
  readonly judge?: Judge;
  /** Another one is another identity. */
  readonly seed?: number;
  /** 32 hex digits. */
  readonly instance?: string;
}

/** Who somebody is, by default told apart by the side. */
export function credentialsOf(side: Side, options: MateOptions): Credentials {
  const first = side === "dialer";
  const crypto = options.crypto ?? provider;
  return {
    crypto,
    signer: provider.signer(pattern(32, options.seed ?? (first ? 1 : 2))),
    networkKey: undefined,
    presharedKeys: keys(options.presharedKeys ?? {}),
    parameters: {
      instance: options.instance ?? (first ? "d" : "e").repeat(32),
      durable: false,
    },
  };
}

/** An owner that can be asked to do something when its connection goes on. */
class Resumable extends Owner {
  onResumed: () => void = () => {};

  override resumed(): void {
    super.resumed();
    this.onResumed();
  }
}

/** One of two who have a connection, with the gate for those who dial it once more. */
export class Mate {
  /** Who hears of the connection. */
  readonly owner: Resumable = new Resumable();
  /** Who hears of each channel after the first one. */
  readonly later: Owner[] = [];
  readonly config: ConnectionConfig;
  /** Pre-shared keys, which a test may change. */
  readonly keys: Map<string, Uint8Array>;
  readonly #credentials: Credentials;
  readonly #gate: Gate;
  readonly #dials = new Map<Arrival, Owner>();
  #met = false;

  constructor(clock: VirtualClock, side: Side, options: MateOptions = {}) {
    this.owner.onResumed = () => this.giveUp();
    this.config = configOf(clock, { ...options, timeouts: { resume: GRACE, ...options.timeouts } });
    this.keys = keys(options.presharedKeys ?? {});
    this.#credentials = { ...credentialsOf(side, options), presharedKeys: this.keys };
    const find = (candidate: Candidate): Connection | undefined => this.#find(candidate);
    this.#gate = {
      judge: (candidate) => {
        const objection = options.judge?.(candidate);
        if (objection !== undefined || candidate.parameters.resumes === undefined) return objection;
        return find(candidate) === undefined ? notHere() : undefined;
      },
      find,
    };
  }

  get connection(): Connection {
    if (this.owner.connection === undefined) throw new Error("it is not open");
    return this.owner.connection;
  }

  /** Takes a channel: for a new connection the first time, then to go on with it. */
  meet(channel: Channel, side: Side): Arrival {
    const owner = this.#met ? new Owner() : this.owner;
    if (this.#met) this.later.push(owner);
    const resumes = this.#met && side === "dialer" ? this.connection : undefined;
    this.#met = true;
    const { config } = this;
    const [credentials, gate] = [this.#credentials, this.#gate];
    const arrival = openConnection(channel, side, credentials, gate, config, owner, TIME, resumes);
    if (resumes !== undefined) this.#dials.set(arrival, owner);
    return arrival;
  }

  /** Gives up the dials that have led nowhere so far, as whoever dials does once there is a channel. */
  giveUp(): void {
    for (const [arrival, { events }] of this.#dials)
      if (events.length === 0) arrival.abort(new TroupeError("CANCELLED", "there is a channel"));
    this.#dials.clear();
  }

  ask(data: unknown = null): Asked {
    const call = new Asked();
    this.connection.request(call, NAME, 0, undefined, encodePayload(data));
    return call;
  }

  say(data: unknown): void {
    this.connection.send(NAME, undefined, encodePayload(data));
  }

  /** Opens a stream. */
  stream(kind: StreamKind, user: StreamUser, data: unknown = null): StreamEnd {
    const payload = encodePayload(data);
    return this.connection.stream(new Wait(), user, kind, NAME, 0, undefined, payload);
  }

  /** Takes the stream that the other side asked for last. */
  take(user: StreamUser): void {
    const stream = this.owner.streams.at(-1);
    if (stream === undefined) throw new Error("nobody asked for a stream");
    stream.use(user);
  }

  #find({ identity, parameters }: Candidate): Connection | undefined {
    const { connection } = this.owner;
    const name = parameters.resumes?.name;
    if (connection === undefined || !connection.open || name === undefined) return undefined;
    const { id, instance } = connection.remote;
    const same = id === toHex(identity) && instance === parameters.instance;
    return same && connection.resumption?.name === name ? connection : undefined;
  }
}

/** Two who are connected, and can lose each other and meet again. */
export class Mates {
  readonly clock: VirtualClock;
  readonly dialer: Mate;
  readonly responder: Mate;
  /** The last one. */
  wire: Wire;

  constructor(
    options: MateOptions = {},
    others: MateOptions = options,
    clock: VirtualClock = new VirtualClock(),
  ) {
    this.clock = clock;
    this.dialer = new Mate(clock, "dialer", options);
    this.responder = new Mate(clock, "responder", others);
    this.wire = new Wire(clock);
    this.#join(this.dialer);
  }

  get both(): readonly [Mate, Mate] {
    return [this.dialer, this.responder];
  }

  /** The channel is lost, and both know. */
  cut(): void {
    this.wire.cut();
    this.clock.flush();
  }

  /** One of them dials the other to go on; nobody waits for what comes of it. */
  dial(from: Mate = this.dialer, stalled = false): Wire {
    this.wire = new Wire(this.clock, stalled);
    this.#meet(from);
    return this.wire;
  }

  /** The same, and all that comes of it has come. */
  redial(from: Mate = this.dialer): void {
    this.dial(from);
    this.clock.flush();
  }

  #join(from: Mate): void {
    this.#meet(from);
    this.clock.flush();
  }

  #meet(from: Mate): void {
    const other = from === this.dialer ? this.responder : this.dialer;
    other.meet(this.wire.far, "responder");
    from.meet(this.wire.near, "dialer");
  }
}

/** Bytes that all connections of this process hold for sending them again. */
export function heldByAll(): number {
  let [least, most] = [0, 2 ** 40];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (fits(middle)) most = middle;
    else least = middle + 1;
  }
  return least;
}

/** Whether no more than so much is held: one byte more has room. */
function fits(bytes: number): boolean {
  const probe = new RetransmissionQueue({ own: 1, all: bytes + 1 });
  const writer = new Writer();
  writer.u8(0);
  probe.take(writer, 0);
  const held = probe.bytes > 0;
  probe.stop(undefined);
  return held;
}

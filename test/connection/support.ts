import { Deadlines } from "../../src/async/deadlines.ts";
import { concat } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import type { Channel, ChannelEnd, ChannelLimits } from "../../src/channel/channel.ts";
import { memoryPair } from "../../src/channel/memory.ts";
import type { ConnectionConfig } from "../../src/connection/config.ts";
import {
  Call,
  type Connection,
  type ConnectionOwner,
  type IncomingRequest,
  type Introduction,
  type RoleList,
} from "../../src/connection/connection.ts";
import { Flusher } from "../../src/connection/flusher.ts";
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type Limits,
  type Timeouts,
} from "../../src/connection/limits.ts";
import { encodeHello, encodeParameters } from "../../src/connection/native/introduction.ts";
import { NativeConnection } from "../../src/connection/native/native.ts";
import { SealedLink } from "../../src/connection/native/sealed-link.ts";
import type { IncomingStream } from "../../src/connection/stream.ts";
import { provider } from "../../src/crypto/default.node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import type { TroupeError } from "../../src/errors.ts";
import { FrameDecoder } from "../../src/frame/decode.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { decodePayload, encodePayload, type Payload } from "../../src/frame/payload.ts";
import type { Metadata, Name } from "../../src/frame/type.ts";
import type { Handshake, Side, Step } from "../../src/session/handshake.ts";
import { RecordLayer } from "../../src/session/record.ts";
import { pattern, whole } from "../crypto/support.ts";
import { type Frame, give, Heard } from "../frame/support.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

export const NOTHING: Payload = encodePayload(null);
export const NAME: Name = { role: "greeter", event: "hello" };
export const ROLES: RoleList = {
  number: 3,
  roles: [{ name: "greeter", active: true, version: "" }],
};
/** Milliseconds until a connection must be open. */
export const TIME = 5000;

/** A handshake that is over before it begins: the session is what both sides have agreed on here. */
class Agreed implements Handshake {
  readonly #step: Step;

  constructor(side: Side, crypto: CryptoProvider) {
    this.#step = {
      send: [],
      established: {
        identity: pattern(32, side === "dialer" ? 2 : 1),
        parameters: encodeParameters({ instance: "0".repeat(32), durable: false }),
        keyId: undefined,
        records: recordsOf(side, crypto),
      },
    };
  }

  start(): Step {
    return this.#step;
  }

  receive(): Step {
    throw new Error("nothing is expected");
  }
}

function recordsOf(side: Side, crypto: CryptoProvider): RecordLayer {
  const [forth, back] = [pattern(32, 3), pattern(32, 4)];
  return side === "dialer"
    ? new RecordLayer(crypto, forth, back)
    : new RecordLayer(crypto, back, forth);
}

/** Who uses a connection: remembers all it hears, in order. */
export class Owner implements ConnectionOwner {
  /** What happened, one word each. */
  readonly events: string[] = [];
  readonly messages: unknown[] = [];
  readonly requests: IncomingRequest[] = [];
  readonly streams: IncomingStream[] = [];
  readonly roleLists: RoleList[] = [];
  failure: TroupeError | undefined;
  reason: TroupeError | undefined;
  told: number | undefined;
  connection: Connection | undefined;
  /** Called for each message and request, from within. */
  onWork: () => void = () => {};

  opened(connection: Connection, roles: RoleList, told: number): void {
    this.events.push("opened");
    this.connection = connection;
    this.roleLists.push(roles);
    this.told = told;
  }
  failed(reason: TroupeError): void {
    this.events.push("failed");
    this.failure = reason;
  }
  gone(): void {
    this.events.push("gone");
  }
  message(_: Name, __: Metadata | undefined, payload: Payload): void {
    this.events.push("message");
    this.messages.push(decodePayload(payload));
    this.onWork();
  }
  request(request: IncomingRequest): void {
    this.events.push("request");
    this.requests.push(request);
    this.onWork();
  }
  stream(stream: IncomingStream): void {
    this.events.push("stream");
    this.streams.push(stream);
    this.onWork();
  }
  roles(list: RoleList, full: boolean): void {
    this.events.push(full ? "all roles" : "roles");
    this.roleLists.push(list);
  }
  draining(): void {
    this.events.push("draining");
  }
  drained(): void {
    this.events.push("drained");
  }
  suspended(): void {
    this.events.push("suspended");
  }
  resumed(): void {
    this.events.push("resumed");
  }
  joined(): void {
    this.events.push("joined");
  }
  idle(): void {
    this.events.push("idle");
  }
  closed(reason: TroupeError): void {
    this.events.push("closed");
    this.reason = reason;
  }
}

/** A call that remembers how it was settled. */
export class Asked extends Call {
  readonly outcomes: unknown[] = [];

  answer(payload: Payload): void {
    this.outcomes.push(decodePayload(payload));
  }
  fail(error: TroupeError): void {
    this.outcomes.push(error);
  }
  expire(): void {
    throw new Error("nobody started its time");
  }
}

/** What a test may choose about an end. */
export interface EndOptions {
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  readonly introduction?: Partial<Introduction>;
  readonly crypto?: CryptoProvider;
  readonly roles?: RoleList;
}

const INTRODUCTION: Introduction = {
  name: "somebody",
  friendly: true,
  addresses: [],
  tags: {},
  meta: {},
};

/** What a connection needs of its peer. Unless a test wants something else, it ends with its channel. */
export function configOf(clock: VirtualClock, options: EndOptions = {}): ConnectionConfig {
  return {
    clock,
    deadlines: new Deadlines(clock),
    flusher: new Flusher(clock),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_TIMEOUTS, resume: 0, ...options.timeouts },
    random: (length) => provider.randomBytes(length),
    introduction: () => ({ ...INTRODUCTION, ...options.introduction }),
    roles: () => options.roles ?? ROLES,
  };
}

/** One end of a connection and its owner. */
export class End {
  readonly owner: Owner = new Owner();
  readonly connection: NativeConnection;

  constructor(channel: Channel, side: Side, clock: VirtualClock, options: EndOptions = {}) {
    const connections: NativeConnection[] = [];
    const { owner } = this;
    const link = new SealedLink(
      channel,
      new Agreed(side, options.crypto ?? provider),
      {
        established: (session) => {
          const config = configOf(clock, options);
          const connection = new NativeConnection(link, side === "dialer", session, config, owner);
          connections.push(connection);
          connection.begin();
        },
        record: () => {},
        drained: () => {},
        lost: () => {},
        ended: () => {},
        gone: () => {},
      },
      clock,
      TIME,
    );
    link.start();
    this.connection = connections[0] ?? never();
  }

  /** Asks; the call remembers what becomes of it. */
  ask(data: unknown = null): Asked {
    const call = new Asked();
    this.connection.request(call, NAME, 0, undefined, encodePayload(data));
    return call;
  }
}

const never = (): never => {
  throw new Error("the handshake was over before it began");
};

/** Two channels whose deliveries run when the clock is flushed, so that nothing here needs a promise. */
export const channels = (
  clock: VirtualClock,
  limits: Partial<ChannelLimits> = {},
): [Channel, Channel] => memoryPair({ limits, deliver: (step) => clock.soon(step) });

/** Two ends that have introduced themselves. */
export function openPair(
  options: EndOptions = {},
  others: EndOptions = options,
): { clock: VirtualClock; dialer: End; responder: End } {
  const clock = new VirtualClock();
  const [near, far] = channels(clock, { highWater: 1024 });
  const dialer = new End(near, "dialer", clock, options);
  const responder = new End(far, "responder", clock, others);
  clock.flush();
  return { clock, dialer, responder };
}

/** Somebody authenticated who says whatever a test wants said. */
export class Stranger {
  readonly channel: Channel;
  readonly heard: Heard = new Heard();
  readonly ends: ChannelEnd[] = [];
  readonly #records: RecordLayer;
  readonly #decoder = new FrameDecoder();
  readonly #writer = new Writer();
  readonly #encoder = new FrameEncoder(this.#writer);

  constructor(channel: Channel, side: Side) {
    this.channel = channel;
    this.#records = recordsOf(side, provider);
    channel.start({
      message: (bytes) => {
        const plaintext = this.#records.open(bytes);
        if (plaintext instanceof Uint8Array) this.#decoder.decode(plaintext, this.heard);
      },
      drained: () => {},
      closed: (end) => this.ends.push(end),
    });
  }

  /** Sends frames in one record. */
  say(...frames: readonly Frame[]): void {
    this.#writer.clear();
    for (const frame of frames) give(this.#encoder, frame);
    this.sayBytes(this.#writer.view());
  }

  /** Sends a record of these bytes. */
  sayBytes(...parts: readonly Uint8Array[]): void {
    this.channel.send(whole(this.#records.seal(concat(...parts))));
  }

  /** The kinds of frames heard so far. */
  get kinds(): string[] {
    return this.heard.frames.map(([kind]) => kind);
  }
}

/** HELLO and ROLES of a stranger who takes all the defaults. */
export const hello = (capacity: Partial<Limits> = {}): Frame => {
  const { messageBytes, requests, streams } = { ...DEFAULT_LIMITS, ...capacity };
  return ["hello", encodeHello(INTRODUCTION, { messageBytes, requests, streams }, { time: 0 })];
};
export const roles: Frame = ["roles", ROLES.number, true, ROLES.roles];

/** A dialer of ours that has reached a stranger, who has not said anything yet. */
export function reached(options: EndOptions = {}): {
  clock: VirtualClock;
  end: End;
  stranger: Stranger;
} {
  const clock = new VirtualClock();
  const [near, far] = channels(clock, { highWater: 1024 });
  const end = new End(near, "dialer", clock, options);
  const stranger = new Stranger(far, "responder");
  clock.flush();
  return { clock, end, stranger };
}

/** The same, and both have introduced themselves. */
export function acquainted(options: EndOptions = {}): ReturnType<typeof reached> {
  const all = reached(options);
  all.stranger.say(hello(), roles);
  all.clock.flush();
  return all;
}

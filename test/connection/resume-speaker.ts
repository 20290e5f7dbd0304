import { Writer } from "../../src/bytes/writer.ts";
import type { Channel, ChannelEnd } from "../../src/channel/channel.ts";
import type { Resumption } from "../../src/connection/connection.ts";
import { DEFAULT_LIMITS } from "../../src/connection/limits.ts";
import {
  decodeParameters,
  encodeHello,
  encodeParameters,
  type Grace,
} from "../../src/connection/native/introduction.ts";
import type { TroupeError } from "../../src/errors.ts";
import { FrameDecoder } from "../../src/frame/decode.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import type { Handshake, HandshakeConfig, Side, Step } from "../../src/session/handshake.ts";
import type { RecordLayer } from "../../src/session/record.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { whole } from "../crypto/support.ts";
import { type Frame, give, Heard } from "../frame/support.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { credentialsOf, GRACE, Mate, type MateOptions, Wire } from "./resume-support.ts";
import { roles } from "./support.ts";

/** Somebody who proves an identity, and then says whatever a test wants said, by one channel after the other. */
export class Speaker {
  /** By all channels. */
  readonly heard: Heard = new Heard();
  readonly ends: ChannelEnd[] = [];
  readonly failures: TroupeError[] = [];
  /** What dialers have named. */
  readonly named: (Resumption | undefined)[] = [];
  readonly #options: MateOptions;
  readonly #decoder = new FrameDecoder();
  readonly #writer = new Writer();
  readonly #encoder = new FrameEncoder(this.#writer);
  #channel: Channel | undefined;
  #handshake: Handshake | undefined;
  #records: RecordLayer | undefined;

  constructor(options: MateOptions = {}) {
    this.#options = options;
  }

  /** Takes a channel. */
  meet(channel: Channel, side: Side, resumes?: Resumption): void {
    const { crypto, signer, presharedKeys, parameters } = credentialsOf(side, this.#options);
    const config: HandshakeConfig = {
      crypto,
      signer,
      presharedKeys,
      parameters: encodeParameters({ ...parameters, resumes }),
      judge: (_, told) => {
        this.named.push(decodeParameters(told).resumes);
        return undefined;
      },
      random: (length) => crypto.randomBytes(length),
    };
    this.#channel = channel;
    this.#records = undefined;
    this.#handshake =
      side === "dialer" ? new DialerHandshake(config) : new ResponderHandshake(config);
    this.#do(channel, this.#handshake.start());
    channel.start({
      message: (bytes) => this.#hear(channel, bytes),
      drained: () => {},
      closed: (end) => this.ends.push(end),
    });
  }

  /** Sends frames in one record. */
  say(...frames: readonly Frame[]): void {
    this.#writer.clear();
    for (const frame of frames) give(this.#encoder, frame);
    const sealed = this.#records?.seal(this.#writer.view());
    if (sealed === undefined) throw new Error("the handshake is not over");
    this.#channel?.send(whole(sealed));
  }

  /** Cuts its channel. */
  leave(): void {
    this.#channel?.abort();
  }

  /** The kinds of frames heard so far, heartbeats left out. */
  get kinds(): string[] {
    return this.heard.frames.map(([kind]) => kind).filter((kind) => !/ping|pong/.test(kind));
  }

  /** Whether the handshake by the last channel is over. */
  get established(): boolean {
    return this.#records !== undefined;
  }

  #hear(channel: Channel, bytes: Uint8Array): void {
    // What still comes by another channel than the last one is of no interest.
    if (channel !== this.#channel) return;
    if (this.#records === undefined) {
      const step = this.#handshake?.receive(bytes.slice());
      if (step !== undefined) this.#do(channel, step);
      return;
    }
    const plaintext = this.#records.open(bytes);
    if (plaintext instanceof Uint8Array) this.#decoder.decode(plaintext, this.heard);
  }

  #do(channel: Channel, step: Step): void {
    for (const message of step.send) channel.send(message);
    if (step.failure !== undefined) {
      this.failures.push(step.failure);
      channel.close();
    }
    if (step.established === undefined) return;
    this.#records = step.established.records;
    channel.admit();
  }
}

/** HELLO of a speaker, with this grace. */
export function helloWith(grace: Grace): Frame {
  const { messageBytes, requests, streams } = DEFAULT_LIMITS;
  const about = { name: "speaker", friendly: true, addresses: [], tags: {}, meta: {} };
  return ["hello", encodeHello(about, { messageBytes, requests, streams }, grace)];
}

/** The name that speakers give to connections. */
export const NAMED: string = "ab".repeat(16);

/** One of ours, and a speaker it has a connection with that can be resumed. */
export class Company {
  readonly clock: VirtualClock = new VirtualClock();
  readonly mate: Mate;
  readonly speaker: Speaker;
  readonly #side: Side;
  /** The last one. */
  wire: Wire = new Wire(this.clock);

  /** @param side - of ours */
  constructor(side: Side, options: MateOptions = {}, speakers: MateOptions = {}) {
    this.#side = side;
    this.mate = new Mate(this.clock, side, options);
    this.speaker = new Speaker(speakers);
    const grace = { time: GRACE, name: side === "dialer" ? NAMED : undefined };
    this.redial();
    this.speaker.say(helloWith(grace), roles);
    this.clock.flush();
    this.speaker.heard.frames.length = 0;
  }

  /** What names the connection, and so many of our records. */
  resumption(records: number): Resumption {
    const name = this.mate.connection.resumption?.name;
    if (name === undefined) throw new Error("it has no name");
    return { name, records };
  }

  cut(): void {
    this.wire.cut();
    this.clock.flush();
    this.speaker.heard.frames.length = 0;
  }

  /**
   * The side that has dialled first dials again, as far as the end of the handshake.
   *
   * @param resumes - what is named by a speaker
   */
  redial(resumes?: Resumption, speaker: Speaker = this.speaker): void {
    this.wire = new Wire(this.clock);
    if (this.#side === "dialer") {
      speaker.meet(this.wire.far, "responder");
      this.mate.meet(this.wire.near, "dialer");
    } else {
      this.mate.meet(this.wire.far, "responder");
      speaker.meet(this.wire.near, "dialer", resumes);
    }
    this.clock.flush();
  }
}

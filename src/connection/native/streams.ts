import type { Clock } from "../../async/clock.ts";
import { broken, TroupeError } from "../../errors.ts";
import { NOTHING, type Payload } from "../../frame/payload.ts";
import { type FrameSink, Half, type Metadata, type Name } from "../../frame/type.ts";
import type { IncomingStream, Opening, StreamEnd, StreamKind, StreamUser } from "../stream.ts";
import { AskedStream } from "./asked-stream.ts";
import { NativeStream, type StreamFrames, type StreamHost } from "./stream.ts";
import { Turns } from "./turns.ts";
import { Window, type WindowBudget } from "./window.ts";

/** The frames of streams, and the one that only the opening side sends. */
export type OpeningFrames = StreamFrames & Pick<FrameSink, "open">;

/** The connection whose streams these are. */
export interface StreamsHost {
  /** The other side wants to open one. */
  asked(stream: IncomingStream): void;
  /** One is over. */
  settled(): void;
  /** So much waits to leave that streams should wait, too. */
  readonly congested: boolean;
  /** Sends a PING of this number. */
  probe(nonce: number): void;
}

const HALVES: Readonly<Record<StreamKind, number>> = {
  readable: Half.read,
  writable: Half.write,
  duplex: Half.read | Half.write,
};

/** Nonces of round trips measured for windows begin behind all that heartbeats will ever use. */
const PROBES = 2 ** 32;

/** Slots of one side; a number is `turn * SLOTS + slot`. */
const SLOTS = 65_536;

/** The streams that one of the two sides has opened, by slot. A slot is used again with a higher turn. */
class Side {
  readonly slots: (NativeStream | undefined)[] = [];
  readonly #turns: number[] = [];
  size = 0;

  /** The stream of this number; `undefined` when it is over. Throws when it was never opened. */
  find(number: number): NativeStream | undefined {
    const slot = number % SLOTS;
    const turn = Math.floor(number / SLOTS);
    const latest = this.#turns[slot];
    if (latest === undefined || turn > latest) throw broken(`stream ${number} was never opened`);
    return turn === latest ? this.slots[slot] : undefined;
  }

  /** The next number of a slot. */
  next(slot: number): number {
    return ((this.#turns[slot] ?? -1) + 1) * SLOTS + slot;
  }

  /** Counts a number as used; false when it was used before. */
  use(number: number): boolean {
    const slot = number % SLOTS;
    const turn = Math.floor(number / SLOTS);
    if (this.slots[slot] !== undefined || turn <= (this.#turns[slot] ?? -1)) return false;
    while (this.#turns.length < slot) {
      this.#turns.push(-1);
      this.slots.push(undefined);
    }
    this.#turns[slot] = turn;
    return true;
  }

  put(number: number, stream: NativeStream): void {
    this.slots[number % SLOTS] = stream;
    this.size++;
  }

  remove(number: number): void {
    this.slots[number % SLOTS] = undefined;
    this.size--;
  }
}

/** All streams of one connection: those this side has opened, and the other side's. */
export class Streams implements StreamHost, WindowBudget {
  readonly frames: OpeningFrames;
  readonly #host: StreamsHost;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #most: number;
  readonly #own = new Side();
  readonly #theirs = new Side();
  readonly #free: number[] = [];
  readonly #turns: Turns;
  #budget: number;
  #probe = PROBES;
  #probedAt: number | undefined;
  #leastRtt: number | undefined;
  /** Streams of the other side's that are over and not read to their end: they take room all the same. */
  #lingering = 0;
  #gone: TroupeError | undefined;

  /**
   * @param limit - streams the other side may have open
   * @param most - streams this side may have open
   * @param budget - bytes that may be promised to the other side beyond the least of each stream
   */
  constructor(
    frames: OpeningFrames,
    host: StreamsHost,
    clock: Clock,
    limit: number,
    most: number,
    budget: number,
  ) {
    this.frames = frames;
    this.#host = host;
    this.#clock = clock;
    this.#limit = Math.min(limit, SLOTS);
    this.#most = Math.min(most, SLOTS);
    this.#budget = budget;
    this.#turns = new Turns(() => host.congested);
  }

  /** Streams that are open or waited for. */
  get size(): number {
    return this.#own.size + this.#theirs.size;
  }

  get leastRtt(): number | undefined {
    return this.#leastRtt;
  }

  probe(): void {
    if (this.#probedAt !== undefined) return;
    this.#probedAt = this.now();
    this.#host.probe(++this.#probe);
  }

  /** There is another channel: what was measured by the last one will not be answered. */
  restored(): void {
    this.#probedAt = undefined;
  }

  /** PONG came. */
  ponged(nonce: number): void {
    if (nonce !== this.#probe || this.#probedAt === undefined) return;
    const sample = this.now() - this.#probedAt;
    this.#probedAt = undefined;
    this.#leastRtt = Math.min(sample, this.#leastRtt ?? sample);
  }

  now(): number {
    return this.#clock.now();
  }

  claim(bytes: number): number {
    const claimed = Math.min(bytes, this.#budget);
    this.#budget -= claimed;
    return claimed;
  }

  release(bytes: number): void {
    this.#budget += bytes;
  }

  /**
   * Asks the other side for a stream.
   *
   * @throws TroupeError `OVERLOADED` when there are too many, `BAD_ARGUMENT`, `BAD_PAYLOAD`
   */
  open(
    opening: Opening,
    user: StreamUser,
    kind: StreamKind,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): StreamEnd {
    if (this.#own.size >= this.#most) {
      throw new TroupeError(
        "OVERLOADED",
        `${this.#most} streams are open to this unit; wait for some to end before opening more`,
      );
    }
    const halves = HALVES[kind];
    const slot = this.#free.pop() ?? this.#own.slots.length;
    const number = this.#own.next(slot);
    const window = new Window(this);
    const credit = halves & Half.read ? window.open() : 0;
    try {
      this.frames.open(number * 2, halves, name, deadline, credit, metadata, payload);
      // Sending may have found that the connection is gone.
      if (this.#gone !== undefined) throw this.#gone;
    } catch (thrown) {
      window.drop();
      if (slot < this.#own.slots.length) this.#free.push(slot);
      throw thrown;
    }
    this.#own.use(number);
    const stream = new NativeStream(number * 2, halves, 0, window, this, opening);
    this.#own.put(number, stream);
    stream.use(user);
    return stream;
  }

  /** OPEN came. */
  asked(
    id: number,
    halves: number,
    name: Name,
    deadline: number,
    credit: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    const number = id / 2;
    if (id % 2 !== 0) throw broken(`stream ${id} was opened in the name of this side`);
    const slot = number % SLOTS;
    if (slot < this.#limit && !this.#theirs.use(number))
      throw broken(`stream ${id} was opened twice`);
    if (slot >= this.#limit || this.#theirs.size + this.#lingering >= this.#limit) {
      const text = `more than ${this.#limit} streams on one connection`;
      this.frames.refuse(id + 1, "OVERLOADED", text, NOTHING);
      return;
    }
    const asked = new AskedStream(kindOf(halves), name, metadata, payload, deadline, this.#clock);
    const mine = seenFromHere(halves);
    const stream = new NativeStream(id + 1, mine, credit, new Window(this), this, asked);
    asked.of(stream);
    this.#theirs.put(number, stream);
    this.#host.asked(asked);
  }

  /** ACCEPT came. */
  accepted(id: number, credit: number, answer: Payload): void {
    if (id % 2 === 0) throw broken(`stream ${id} was accepted by the side that opened it`);
    this.find(id)?.taken(credit, answer);
  }

  /** REFUSE came. */
  refused(id: number, error: TroupeError): void {
    if (id % 2 === 0) throw broken(`stream ${id} was refused by the side that opened it`);
    this.find(id)?.refused(error);
  }

  /** The stream that a frame of the other side's is about; `undefined` when it is over. */
  find(id: number): NativeStream | undefined {
    const number = Math.floor(id / 2);
    if (id % 2 === 1) return this.#own.find(number);
    return number % SLOTS >= this.#limit ? undefined : this.#theirs.find(number);
  }

  ready(stream: NativeStream): void {
    this.#turns.add(stream);
  }

  /** There is room on the connection again. */
  run(): void {
    this.#turns.run();
  }

  over(stream: NativeStream): void {
    this.#turns.remove(stream);
    const number = Math.floor(stream.id / 2);
    if (stream.theirs) {
      this.#theirs.remove(number);
      if (stream.unread) this.#lingering++;
    } else {
      this.#own.remove(number);
      this.#free.push(number % SLOTS);
    }
    this.#host.settled();
  }

  cleared(stream: NativeStream): void {
    if (stream.theirs) this.#lingering--;
  }

  /** The connection is gone. */
  close(error: TroupeError): void {
    this.#gone = error;
    for (const { slots } of [this.#own, this.#theirs]) {
      for (const stream of slots) stream?.close(error);
    }
  }
}

function kindOf(halves: number): StreamKind {
  if (halves === HALVES.duplex) return "duplex";
  return halves === HALVES.readable ? "readable" : "writable";
}

/** What the opener reads is what this side writes. */
const seenFromHere = (halves: number): number =>
  (halves & Half.read ? Half.write : 0) | (halves & Half.write ? Half.read : 0);

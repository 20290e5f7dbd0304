import type { Clock } from "../../src/async/clock.ts";
import type {
  Channel,
  ChannelEnd,
  ChannelLimits,
  ChannelReceiver,
} from "../../src/channel/channel.ts";
import { Inbox } from "../../src/channel/inbox.ts";

/** Milliseconds that a goodbye may take to be answered. */
const GOODBYE_TIME = 1000;

const CLOSED_HERE: ChannelEnd = { clean: true, reason: "closed by this side" };
const CLOSED_THERE: ChannelEnd = { clean: true, reason: "closed by the other side" };
const CUT_THERE: ChannelEnd = { clean: false, reason: "the connection was lost" };

/** What travels: a message, the end as the other side will see it, or what runs when all before it is there. */
type Parcel = Uint8Array | ChannelEnd | (() => void);

/** What a line is made of. */
interface LineOptions {
  readonly clock: Clock;
  /** No other line has it. */
  readonly number: number;
  /** The names of both ends, the dialer's first. */
  readonly names: readonly [string, string];
  readonly limits: readonly [ChannelLimits, ChannelLimits];
  /** Milliseconds that a parcel is on its way, drawn for each. It never overtakes those before it. */
  readonly delay: () => number;
  /** Bytes a millisecond, each way. */
  readonly rate: number;
  /** Told of all that happens on the line. */
  readonly told: (what: string) => void;
  /** What arrives for one message that was sent, in order; by default itself, once. */
  readonly mangle?: ((message: Uint8Array) => readonly Uint8Array[]) | undefined;
}

/** Two joined channels and all that can happen to them. */
export class Line {
  readonly dialer: LineEnd;
  readonly listener: LineEnd;
  /** When it was made. */
  readonly since: number;

  constructor(options: LineOptions) {
    this.since = options.clock.now();
    const { names, limits } = options;
    this.dialer = new LineEnd(options, names[0], names[1], limits[0]);
    this.listener = new LineEnd(options, names[1], names[0], limits[1]);
    this.dialer.join(this.listener);
    this.listener.join(this.dialer);
  }

  /** Whether both ends have heard that it is over. */
  get over(): boolean {
    return this.dialer.over && this.listener.over;
  }

  /**
   * Breaks it. Of what is on its way the first parcels still arrive.
   *
   * @param kept - how many of so many
   */
  cut(kept: (parcels: number) => number): void {
    this.dialer.lose(kept);
    this.listener.lose(kept);
  }
}

/** One end of a line, and the way from it to the other one. */
export class LineEnd implements Channel {
  readonly name: string;
  /** The name of the other end. */
  readonly to: string;
  /** That and the line: no other end of this name has the same one. */
  readonly remote: string;
  readonly #options: LineOptions;
  readonly #limits: ChannelLimits;
  readonly #inbox: Inbox;
  readonly #way: Parcel[] = [];
  #far: LineEnd = this;
  #phase: "open" | "closing" | "over" = "open";
  #buffered = 0;
  #congested = false;
  #admitted = false;
  #received = 0;
  #sent = 0;
  #last = 0;
  #dead = false;
  #lost = false;
  #holed = false;
  #stalled = 0;

  constructor(options: LineOptions, name: string, to: string, limits: ChannelLimits) {
    this.#options = options;
    this.name = name;
    this.to = to;
    this.remote = `${to} by line ${options.number}`;
    this.#limits = limits;
    this.#inbox = new Inbox(limits.handshakeBytes);
  }

  join(far: LineEnd): void {
    this.#far = far;
  }

  get buffered(): number {
    return this.#buffered;
  }

  /** Whether it can be sent by, and nothing of that is lost so far. */
  get whole(): boolean {
    return this.#phase === "open" && !this.#lost;
  }

  /** Whether whoever uses it was told of its end, or is dead. */
  get over(): boolean {
    return this.#phase === "over";
  }

  start(receiver: ChannelReceiver): void {
    this.#inbox.start(receiver);
  }

  send(start: Uint8Array, tail: Uint8Array = new Uint8Array()): void {
    if (this.#phase !== "open" || this.#dead) return;
    const message = new Uint8Array(start.length + tail.length);
    message.set(start);
    message.set(tail, start.length);
    this.#sent++;
    this.#options.told(`${this.#label} sends #${this.#sent}, ${message.length} bytes`);
    this.#buffered += message.length;
    if (this.#buffered > this.#limits.highWater) this.#congested = true;
    this.#post(message);
  }

  admit(): void {
    this.#admitted = true;
  }

  close(): void {
    if (this.#phase !== "open" || this.#dead) return;
    this.#options.told(`${this.#label} closes`);
    this.#phase = "closing";
    this.#post(CLOSED_THERE);
    this.#options.clock.after(GOODBYE_TIME, () => this.#cut("the goodbye was not answered"));
  }

  abort(): void {
    this.#cut("cut by this side");
  }

  /** Runs `then` once all that is on its way from here has been heard; never, when the line is lost before. */
  behind(then: () => void): void {
    if (!this.whole) return;
    this.#way.push(then);
    this.#step(0, 0);
  }

  /** What is on its way from here is held up, or goes on. */
  hole(holed: boolean): void {
    this.#holed = holed;
    if (holed) return;
    for (; this.#stalled > 0; this.#stalled--) this.#step(0);
  }

  /** The line broke. See {@link Line.cut}. */
  lose(kept: (parcels: number) => number): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#way.length = Math.min(kept(this.#way.length), this.#way.length);
    this.#options.told(`${this.#label} is cut behind ${this.#way.length} parcels on their way`);
    this.#way.push(CUT_THERE);
    this.#step(0);
  }

  /** The process at this end dies: it hears and says nothing more, and its system cuts the line. */
  die(): void {
    this.#dead = true;
    this.#phase = "over";
    this.#inbox.shut();
    this.lose((parcels) => parcels);
  }

  /** The machine at this end is gone without a word: what the other end sends is heard by nobody. */
  vanish(): void {
    this.#dead = true;
    this.#lost = true;
    this.#phase = "over";
    this.#inbox.shut();
    this.#way.length = 0;
  }

  get #label(): string {
    return `${this.name}>${this.to}`;
  }

  #cut(reason: string): void {
    if (this.#phase === "over") return;
    this.#options.told(`${this.#label} aborts: ${reason}`);
    this.#phase = "over";
    this.#inbox.shut();
    this.#way.length = 0;
    this.#buffered = 0;
    this.#last = 0;
    this.#post(CUT_THERE);
    this.#options.clock.after(0, () => this.#end({ clean: false, reason }));
  }

  #post(parcel: Parcel): void {
    if (this.#lost) return;
    const length = parcel instanceof Uint8Array ? parcel.length : 0;
    this.#way.push(parcel);
    this.#step(length);
  }

  /** Each step hands over whatever is first, so parcels never overtake each other. */
  #step(bytes: number, delay: number = this.#options.delay()): void {
    const { clock, rate } = this.#options;
    const now = clock.now();
    this.#last = Math.max(this.#last, now + delay) + bytes / rate;
    clock.after(this.#last - now, () => this.#handOver());
  }

  #handOver(): void {
    if (this.#holed) {
      this.#stalled++;
      return;
    }
    const parcel = this.#way.shift();
    if (parcel === undefined) return;
    if (typeof parcel === "function") {
      if (this.#far.#phase === "open") parcel();
      return;
    }
    if (!(parcel instanceof Uint8Array)) {
      this.#far.#hearEnd(parcel);
      return;
    }
    this.#buffered = Math.max(0, this.#buffered - parcel.length);
    for (const message of this.#options.mangle?.(parcel) ?? [parcel]) this.#far.#hear(message);
    if (this.#congested && this.#buffered <= this.#limits.highWater) {
      this.#congested = false;
      if (this.#phase === "open" && !this.#dead) this.#inbox.drained();
    }
  }

  #hear(message: Uint8Array): void {
    if (this.#phase === "over") return;
    const { handshakeBytes, messageBytes } = this.#limits;
    this.#received += message.length;
    this.#options.told(`${this.name} hears ${message.length} bytes of ${this.to}`);
    if (!this.#admitted && this.#received > handshakeBytes) {
      this.#cut(`more than ${handshakeBytes} bytes came before the other side was authenticated`);
    } else if (message.length > messageBytes) {
      this.#cut(`a message of more than ${messageBytes} bytes came`);
    } else if (!this.#inbox.message(message)) {
      this.#cut(`more than ${handshakeBytes} bytes came before anybody listened`);
    }
  }

  #hearEnd(end: ChannelEnd): void {
    if (this.#phase === "over") return;
    if (end.clean && this.#phase === "open") this.#post(CLOSED_THERE);
    const asked = end.clean && this.#phase === "closing";
    this.#phase = "over";
    this.#end(asked ? CLOSED_HERE : end);
  }

  #end(end: ChannelEnd): void {
    if (this.#dead) return;
    this.#options.told(`${this.name} hears that ${this.to} is gone: ${end.reason}`);
    this.#inbox.close(end);
  }
}

import { join } from "../bytes/bytes.ts";
import type { Channel, ChannelEnd, ChannelLimits, ChannelReceiver } from "./channel.ts";
import { Inbox } from "./inbox.ts";

/** How two joined channels behave. */
export interface MemoryOptions {
  /** Bounds of each end; what is left out is unbounded. */
  readonly limits?: Partial<ChannelLimits>;
  /**
   * Runs each step of a delivery once, later, never within the call; a microtask each by default. A
   * simulator passes its own. Messages of one direction stay in order however it orders the steps.
   */
  readonly deliver?: (step: () => void) => void;
  /** What the first and the second end see as `remote`: the names of the second and the first. */
  readonly names?: readonly [first: string, second: string];
}

/**
 * Two joined channels in one process: what one sends, the other hears. For tests, for simulation and
 * for peers that live in the same program.
 */
export function memoryPair(options: MemoryOptions = {}): [Channel, Channel] {
  const limits: ChannelLimits = {
    handshakeBytes: options.limits?.handshakeBytes ?? Number.POSITIVE_INFINITY,
    messageBytes: options.limits?.messageBytes ?? Number.POSITIVE_INFINITY,
    highWater: options.limits?.highWater ?? Number.POSITIVE_INFINITY,
  };
  const deliver = options.deliver ?? queueMicrotask;
  const [firstName, secondName] = options.names ?? ["memory:1", "memory:2"];
  const first = new MemoryChannel(secondName, limits, deliver);
  const second = new MemoryChannel(firstName, limits, deliver);
  first.join(second);
  second.join(first);
  return [first, second];
}

const CLOSED_HERE: ChannelEnd = { clean: true, reason: "closed by this side" };
const CLOSED_THERE: ChannelEnd = { clean: true, reason: "closed by the other side" };
const CUT_THERE: ChannelEnd = { clean: false, reason: "the connection was lost" };

/** What travels to the other end: messages, and last of all the end as it will see it. */
type Parcel = Uint8Array | ChannelEnd;

class MemoryChannel implements Channel {
  readonly remote: string;
  readonly #limits: ChannelLimits;
  readonly #deliver: (step: () => void) => void;
  readonly #inbox: Inbox;
  readonly #outgoing: Parcel[] = [];
  #phase: "open" | "closing" | "over" = "open";
  #buffered = 0;
  #congested = false;
  #admitted = false;
  #received = 0;
  /** Itself, until it is joined. */
  #far: MemoryChannel = this;

  constructor(remote: string, limits: ChannelLimits, deliver: (step: () => void) => void) {
    this.remote = remote;
    this.#limits = limits;
    this.#deliver = deliver;
    this.#inbox = new Inbox(limits.handshakeBytes);
  }

  /** Names the other end: once, before anything is sent. */
  join(other: MemoryChannel): void {
    this.#far = other;
  }

  get buffered(): number {
    return this.#buffered;
  }

  start(receiver: ChannelReceiver): void {
    this.#inbox.start(receiver);
  }

  send(start: Uint8Array, tail?: Uint8Array): void {
    if (this.#phase !== "open") return;
    const message = tail === undefined ? start : join(start, tail);
    this.#buffered += message.length;
    if (this.#buffered > this.#limits.highWater) this.#congested = true;
    this.#post(message);
  }

  admit(): void {
    this.#admitted = true;
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#post(CLOSED_THERE);
  }

  abort(): void {
    this.#cut("cut by this side");
  }

  #cut(reason: string): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#inbox.shut();
    this.#outgoing.length = 0;
    this.#buffered = 0;
    this.#post(CUT_THERE);
    this.#deliver(() => this.#inbox.close({ clean: false, reason }));
  }

  #post(parcel: Parcel): void {
    this.#outgoing.push(parcel);
    this.#deliver(() => this.#handOver());
  }

  /** Each step hands over whatever is first: so the order of the steps does not matter. */
  #handOver(): void {
    const parcel = this.#outgoing.shift();
    if (parcel === undefined) return;
    if (!(parcel instanceof Uint8Array)) {
      this.#far.#hearEnd(parcel);
      return;
    }
    this.#buffered -= parcel.length;
    this.#far.#hear(parcel);
    if (this.#congested && this.#buffered <= this.#limits.highWater) {
      this.#congested = false;
      if (this.#phase === "open") this.#inbox.drained();
    }
  }

  #hear(message: Uint8Array): void {
    if (this.#phase === "over") return;
    const { handshakeBytes, messageBytes } = this.#limits;
    this.#received += message.length;
    if (!this.#admitted && this.#received > handshakeBytes) {
      this.#cut(`more than ${handshakeBytes} bytes came before the other side was authenticated`);
    } else if (message.length > messageBytes) {
      this.#cut(`a message of more than ${messageBytes} bytes came`);
    } else if (!this.#inbox.message(message)) {
      this.#cut(`more than ${handshakeBytes} bytes came before anybody listened`);
    }
  }

  /** The other end has gone: a goodbye is answered with one, behind what is still on its way. */
  #hearEnd(end: ChannelEnd): void {
    if (this.#phase === "over") return;
    if (end.clean && this.#phase === "open") this.#post(CLOSED_THERE);
    const asked = end.clean && this.#phase === "closing";
    this.#phase = "over";
    this.#inbox.close(asked ? CLOSED_HERE : end);
  }
}

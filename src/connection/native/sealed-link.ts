import type { Clock, Timer } from "../../async/clock.ts";
import { InOrder } from "../../async/in-order.ts";
import type { Channel, ChannelEnd, ChannelReceiver } from "../../channel/channel.ts";
import type { MaybePromise, Sealed } from "../../crypto/provider.ts";
import { TroupeError, toTroupeError } from "../../errors.ts";
import type { Established, Handshake, Step } from "../../session/handshake.ts";
import type { RecordLayer } from "../../session/record.ts";

/** Who uses a link: what it hears, in order. None of these may throw, `record` excepted. */
export interface LinkOwner {
  /** The plaintext of the next record. Throwing a TroupeError ends the link with it. */
  record(plaintext: Uint8Array): void;
  /** What waited to be sent has left. */
  drained(): void;
  /** The end, once: of the channel alone, by whatever happened to it. */
  lost(reason: TroupeError): void;
  /** The end, once: one of the two sides wants no more. */
  ended(reason: TroupeError): void;
  /** The channel is closed, too: the very last thing. */
  gone(): void;
}

/** Who uses a link until the other side is authenticated. */
export interface LinkGreeter extends LinkOwner {
  /** Records may be sent from here on; a new owner is to be named before this returns. */
  established(peer: Established): void;
}

/** Results of a crypto provider that has begun to answer late; one that never does needs none of this. */
interface Late {
  readonly outgoing: InOrder<Sealed>;
  readonly incoming: InOrder<Uint8Array>;
}

/**
 * A channel with a session on it: handshake first, then sealed records both ways, in order even where
 * the crypto provider answers late.
 */
export class SealedLink implements ChannelReceiver {
  readonly #channel: Channel;
  #greeter: LinkGreeter | undefined;
  #owner: LinkOwner;
  #timer: Timer | undefined;
  #handshake: Handshake | undefined;
  #records: RecordLayer | undefined;
  #late: Late | undefined;
  #unsealed = 0;
  #ended = false;

  /** @param time - milliseconds until {@link settle} must have been called */
  constructor(
    channel: Channel,
    handshake: Handshake,
    greeter: LinkGreeter,
    clock: Clock,
    time: number,
  ) {
    this.#channel = channel;
    this.#handshake = handshake;
    this.#greeter = greeter;
    this.#owner = greeter;
    this.#timer = clock.after(time, () => {
      this.drop(
        new TroupeError("HANDSHAKE_FAILED", `handshake failed: not done within ${time} ms`),
      );
    });
  }

  /** Begins: to be called once the greeter can hear. */
  start(): void {
    if (this.#handshake !== undefined) this.#do(this.#handshake.start());
    this.#channel.start(this);
  }

  /** Names its owner from now on. */
  handTo(owner: LinkOwner): void {
    this.#greeter = undefined;
    this.#owner = owner;
  }

  get remote(): string {
    return this.#channel.remote;
  }

  /** Bytes waiting to be sealed or sent. */
  get buffered(): number {
    return this.#channel.buffered + this.#unsealed;
  }

  /** The other side has introduced itself: no hurry any more. */
  settle(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Seals and sends a record; its bytes may be used again afterwards. */
  send(plaintext: Uint8Array): void {
    if (this.#records === undefined || this.#ended) return;
    try {
      const sealed = this.#records.seal(plaintext);
      if (this.#late === undefined && !(sealed instanceof Promise)) this.#leave(sealed);
      else this.#sendLate(sealed, plaintext.length);
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  /** Ends politely: what was sent still leaves. */
  close(reason: TroupeError): void {
    if (this.#ended) return;
    if (this.#late === undefined) this.#channel.close();
    else void this.#late.outgoing.settled().then(() => this.#channel.close());
    if (this.#over()) this.#owner.ended(reason);
  }

  /** Ends at once. */
  abort(reason: TroupeError): void {
    if (this.#cut()) this.#owner.ended(reason);
  }

  /** Gives the channel up. */
  drop(reason: TroupeError): void {
    if (this.#cut()) this.#owner.lost(reason);
  }

  /** Gives the channel up for another one: nothing that still comes by it is heard. */
  fence(): void {
    this.#cut();
  }

  message(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#records === undefined) {
      if (this.#handshake !== undefined) this.#do(this.#handshake.receive(bytes.slice()));
      return;
    }
    try {
      const plaintext = this.#records.open(bytes);
      if (this.#late === undefined && !(plaintext instanceof Promise)) this.#opened(plaintext);
      else this.#openLate(plaintext);
    } catch (thrown) {
      this.#spoilt(thrown);
    }
  }

  drained(): void {
    if (!this.#ended) this.#owner.drained();
  }

  closed(end: ChannelEnd): void {
    const incoming = this.#late?.incoming;
    // What came before the end may still be being opened.
    if (incoming === undefined || incoming.waiting === 0) this.#gone(end);
    else void incoming.settled().then(() => this.#gone(end));
  }

  #gone(end: ChannelEnd): void {
    const code = this.#records === undefined ? "HANDSHAKE_FAILED" : "DISCONNECTED";
    const what =
      this.#records === undefined
        ? "the other side hung up during the handshake; its log may say why"
        : "the connection ended";
    if (this.#over()) this.#owner.lost(new TroupeError(code, `${what}: ${end.reason}`));
    this.#owner.gone();
  }

  #do(step: Step): void {
    for (const message of step.send) this.#channel.send(message);
    if (step.failure !== undefined) {
      // Whoever is told why gets the time to read it; nobody else does.
      if (step.send.length > 0) this.#channel.close();
      else this.#channel.abort();
      if (this.#over()) this.#owner.ended(step.failure);
    } else if (step.established !== undefined) {
      this.#handshake = undefined;
      this.#records = step.established.records;
      this.#channel.admit();
      this.#greeter?.established(step.established);
    }
  }

  #leave({ ciphertext, tag }: Sealed): void {
    this.#channel.send(ciphertext, tag);
  }

  #sendLate(sealed: MaybePromise<Sealed>, length: number): void {
    this.#unsealed += length;
    this.#inOrder.outgoing.push(sealed);
    const done = (): void => {
      this.#unsealed -= length;
      if (this.#unsealed === 0) this.drained();
    };
    Promise.resolve(sealed).then(done, done);
  }

  #openLate(plaintext: MaybePromise<Uint8Array>): void {
    const { incoming } = this.#inOrder;
    incoming.push(plaintext);
    if (incoming.waiting > MAX_LATE)
      throw new TroupeError("LIMIT", "records come faster than they can be opened");
  }

  get #inOrder(): Late {
    this.#late ??= {
      outgoing: new InOrder(
        (sealed) => this.#leave(sealed),
        (reason) => this.#broke(reason),
      ),
      incoming: new InOrder(
        (plaintext) => this.#opened(plaintext),
        (reason) => this.#spoilt(reason),
      ),
    };
    return this.#late;
  }

  #opened(plaintext: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#owner.record(plaintext);
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  /** Anybody on the way can do this to a channel: it need not be the other side that is at fault. */
  #spoilt(thrown: unknown): void {
    this.drop(toTroupeError(thrown, "PROTOCOL", "record refused"));
  }

  #broke(thrown: unknown): void {
    this.abort(toTroupeError(thrown, "PROTOCOL", "record refused"));
  }

  #cut(): boolean {
    if (!this.#ended) this.#channel.abort();
    return this.#over();
  }

  /** @returns whether this is the end, and nobody has been told yet */
  #over(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.settle();
    return true;
  }
}

/** Records that may wait to be opened at once, where opening takes its time. */
const MAX_LATE = 1024;

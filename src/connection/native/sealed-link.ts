import type { Clock, Timer } from "../../async/clock.ts";
import { InOrder } from "../../async/in-order.ts";
import type { Channel, ChannelEnd, ChannelReceiver } from "../../channel/channel.ts";
import { messageOf, TroupeError, toTroupeError } from "../../errors.ts";
import type { Established, Handshake, Step } from "../../session/handshake.ts";
import type { RecordLayer } from "../../session/record.ts";

/** Who uses a link: what it hears, in order. None of these may throw. */
export interface LinkOwner {
  /** The other side is authenticated; records may be sent from here on. */
  established(peer: Established): void;
  /** The plaintext of the next record. Throwing a TroupeError cuts the link with it. */
  record(plaintext: Uint8Array): void;
  /** What waited to be sent has left. */
  drained(): void;
  /** The end, once. */
  ended(reason: TroupeError): void;
  /** The channel is closed, too: the very last thing. */
  gone(): void;
}

/**
 * A channel with a session on it: handshake first, then sealed records both ways, in order even where
 * the crypto provider answers late.
 */
export class SealedLink implements ChannelReceiver {
  readonly #channel: Channel;
  readonly #owner: LinkOwner;
  readonly #timer: Timer;
  readonly #outgoing: InOrder<Uint8Array>;
  readonly #incoming: InOrder<Uint8Array>;
  #handshake: Handshake | undefined;
  #records: RecordLayer | undefined;
  #unsealed = 0;
  #ended = false;

  /** @param time - milliseconds until {@link settle} must have been called */
  constructor(
    channel: Channel,
    handshake: Handshake,
    owner: LinkOwner,
    clock: Clock,
    time: number,
  ) {
    this.#channel = channel;
    this.#handshake = handshake;
    this.#owner = owner;
    this.#outgoing = new InOrder(
      (sealed) => channel.send(sealed),
      (reason) => this.#broke(reason),
    );
    this.#incoming = new InOrder(
      (plaintext) => this.#opened(plaintext),
      (reason) => this.#broke(reason),
    );
    this.#timer = clock.after(time, () => {
      this.abort(
        new TroupeError("HANDSHAKE_FAILED", `handshake failed: not done within ${time} ms`),
      );
    });
  }

  /** Begins: to be called once the owner can hear. */
  start(): void {
    if (this.#handshake !== undefined) this.#do(this.#handshake.start());
    this.#channel.start(this);
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
    this.#timer.cancel();
  }

  /**
   * Seals and sends a record.
   *
   * @returns the same plaintext's fate: `true` when its bytes may be reused at once
   */
  send(plaintext: Uint8Array): boolean {
    if (this.#records === undefined || this.#ended) return true;
    try {
      const sealed = this.#records.seal(plaintext);
      this.#outgoing.push(sealed);
      if (!(sealed instanceof Promise)) return true;
      this.#unsealed += plaintext.length;
      const sealedLater = (): void => {
        this.#unsealed -= plaintext.length;
      };
      sealed.then(sealedLater, sealedLater);
      return false;
    } catch (thrown) {
      this.#broke(thrown);
      return true;
    }
  }

  /** Ends politely: what was sent still leaves. */
  close(reason: TroupeError): void {
    if (this.#ended) return;
    if (this.#outgoing.waiting > 0) {
      void this.#outgoing.settled().then(() => this.#channel.close());
    } else {
      this.#channel.close();
    }
    this.#end(reason);
  }

  /** Ends at once. */
  abort(reason: TroupeError): void {
    if (this.#ended) return;
    this.#channel.abort();
    this.#end(reason);
  }

  message(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#records === undefined) {
      if (this.#handshake !== undefined) this.#do(this.#handshake.receive(bytes));
      return;
    }
    try {
      this.#incoming.push(this.#records.open(bytes));
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  drained(): void {
    if (!this.#ended) this.#owner.drained();
  }

  closed(end: ChannelEnd): void {
    const code = this.#records === undefined ? "HANDSHAKE_FAILED" : "DISCONNECTED";
    const what =
      this.#records === undefined
        ? "the other side hung up during the handshake; its log may say why"
        : "the connection ended";
    this.#end(new TroupeError(code, `${what}: ${end.reason}`));
    this.#owner.gone();
  }

  #do(step: Step): void {
    for (const message of step.send) this.#channel.send(message);
    if (step.failure !== undefined) {
      this.#channel.close();
      this.#end(step.failure);
    } else if (step.established !== undefined) {
      this.#handshake = undefined;
      this.#records = step.established.records;
      this.#channel.admit();
      this.#owner.established(step.established);
    }
  }

  #opened(plaintext: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#owner.record(plaintext);
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  #broke(thrown: unknown): void {
    this.abort(toTroupeError(thrown, "PROTOCOL", `record refused: ${messageOf(thrown)}`));
  }

  #end(reason: TroupeError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    this.#owner.ended(reason);
  }
}

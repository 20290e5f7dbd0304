import { Expiring } from "../../async/deadlines.ts";
import { Writer } from "../../bytes/writer.ts";
import { broken, TroupeError } from "../../errors.ts";
import { FrameEncoder } from "../../frame/encode.ts";
import type { ConnectionConfig } from "../config.ts";
import { highWater, mostHeld } from "../limits.ts";
import { Liveness } from "./liveness.ts";
import { type Exit, Outbound } from "./outbound.ts";
import { Receipt } from "./receipt.ts";
import type { LinkOwner, SealedLink } from "./sealed-link.ts";

/** The connection that is carried. */
export interface CarrierHost {
  /**
   * The other side's next record. Throwing a TroupeError ends the connection with it.
   *
   * @returns whether it counts
   */
  heard(record: Uint8Array): boolean;
  /** What waited to be sent has left, or what was held need not be held any more. */
  drained(): void;
  /** The channel is lost; there may be another one within the grace. Told again for each one that is lost. */
  lost(reason: TroupeError): void;
  /** There is another channel, by which all that was lost has left again. */
  restored(): void;
  /** The end, once; records of numbers below `sent` have left. */
  ended(reason: TroupeError, sent: number): void;
  /** One of the channels is closed. */
  gone(): void;
}

/**
 * What carries a connection: one channel after the other. While there is one, it is watched by
 * heartbeats; when it is lost, what is to be sent is held until the other side is there again.
 */
export class Carrier extends Expiring implements LinkOwner, Exit {
  /** What leaves. */
  readonly outbound: Outbound;
  readonly #host: CarrierHost;
  readonly #config: ConnectionConfig;
  readonly #liveness: Liveness;
  readonly #receipt = new Receipt();
  #link: SealedLink;
  /** Resuming is what a dialer does from its handshake until the other side's RESUME. */
  #state: "carried" | "suspended" | "resuming" | "over" = "carried";
  #name: string | undefined;
  #grace = 0;
  #opened = false;
  /** Records that the other side is known to have. */
  #acknowledged = 0;
  /** Records that had left when the channel was lost. */
  #sent = 0;
  /** Bytes held since then. */
  #unsent = 0;
  #loss: TroupeError | undefined;

  constructor(link: SealedLink, host: CarrierHost, config: ConnectionConfig) {
    super();
    this.#link = link;
    this.#host = host;
    this.#config = config;
    this.#liveness = new Liveness(config.timeouts.heartbeat, config.clock.now());
    this.outbound = new Outbound(this, config.flusher, config.limits);
    link.handTo(this);
  }

  /** The other end of the channel, or of the last one. */
  get remote(): string {
    return this.#link.remote;
  }

  get rtt(): number | undefined {
    return this.#liveness.rtt;
  }

  /** The connection's name, in hex; `undefined` when it ends with its channel. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Records of the other side's that have come. */
  get received(): number {
    return this.#receipt.records;
  }

  /** Whether it waits for another channel. */
  get suspended(): boolean {
    return this.#state === "suspended" || this.#state === "resuming";
  }

  get backlog(): number {
    return this.#state === "carried" ? this.#link.buffered : this.#unsent;
  }

  /** Whether so much waits that whoever can wait should. */
  get congested(): boolean {
    const { limits } = this.#config;
    return this.backlog > highWater(limits) || this.#heldBack;
  }

  /** Both sides have agreed on what happens when the channel is lost. */
  agree(name: string | undefined, grace: number): void {
    if (name === undefined || grace === 0) {
      this.outbound.forget();
      return;
    }
    this.#name = name;
    this.#grace = grace;
  }

  /** Both sides have introduced themselves: no hurry any more, and heartbeats from now on. */
  opened(): void {
    this.#opened = true;
    this.#link.settle();
    this.#beat();
  }

  /** @returns the number of a PING that leaves now */
  ping(): number {
    const nonce = this.#liveness.ping(this.#config.clock.now());
    this.outbound.ping(nonce);
    return nonce;
  }

  pinged(nonce: number): void {
    // Before it: what is acknowledged shall not be busy with the answer.
    this.#acknowledge();
    this.outbound.pong(nonce);
  }

  ponged(nonce: number): void {
    this.#liveness.pong(nonce, this.#config.clock.now());
  }

  /** ACK came. */
  acknowledged(records: number): void {
    const before = this.#heldBack;
    this.#arrived(records);
    if (before && !this.#heldBack) this.#host.drained();
  }

  /** RESUME came. */
  welcomed(records: number): void {
    if (this.#state !== "resuming") throw broken("RESUME for a connection that has its channel");
    this.#link.settle();
    this.#goOn(records);
  }

  /** This side has dialled: goes on by this channel as soon as the other side does. */
  redialed(link: SealedLink): void {
    if (!this.suspended) {
      link.abort(
        new TroupeError("CANCELLED", "the connection does not wait for a channel any more"),
      );
      return;
    }
    this.#state = "resuming";
    this.#take(link);
  }

  /** The other side has dialled, and has so many records: goes on by this channel at once. */
  resume(link: SealedLink, records: number): void {
    // One that was long on its way names fewer records than are known to have come since.
    if (this.#over || records < this.#acknowledged) {
      link.abort(
        new TroupeError(
          "DISCONNECTED",
          "the connection is over, or has gone on by another channel",
        ),
      );
      return;
    }
    this.#take(link);
    link.settle();
    try {
      link.send(resumeRecord(this.#receipt.tell()));
      this.#goOn(records);
    } catch (thrown) {
      if (!(thrown instanceof TroupeError)) throw thrown;
      this.abort(thrown);
    }
  }

  /** Ends; what was sent still leaves if there is a channel. */
  close(reason: TroupeError): void {
    if (this.#state === "carried") this.#link.close(reason);
    else this.ended(reason);
  }

  /** Ends at once. */
  abort(reason: TroupeError): void {
    this.#link.abort(reason);
    this.ended(reason);
  }

  record(plaintext: Uint8Array): void {
    this.#liveness.heard();
    const counts = this.#host.heard(plaintext);
    if (counts && this.#grace > 0) {
      this.#receipt.took(plaintext.length);
      if (this.#receipt.alone) this.#acknowledge();
    }
    if (this.#state === "resuming") throw broken("a record before RESUME");
  }

  drained(): void {
    this.#host.drained();
  }

  lost(reason: TroupeError): void {
    if (this.#grace === 0 || !this.#opened) {
      this.ended(reason);
      return;
    }
    this.#loss = reason;
    const carried = this.#state === "carried";
    this.#state = "suspended";
    if (carried) {
      this.#sent = this.outbound.record;
      this.#unsent = 0;
      this.#wait(this.#grace);
    }
    this.#host.lost(reason);
    // What waited for the channel is held now, and waits no more.
    if (carried && this.suspended) this.#host.drained();
  }

  ended(reason: TroupeError): void {
    if (this.#state === "over") return;
    const sent = this.#state === "carried" ? this.outbound.record : this.#sent;
    this.#state = "over";
    this.#config.deadlines.remove(this);
    this.#link.fence();
    this.outbound.forget();
    this.#host.ended(reason, sent);
  }

  gone(): void {
    this.#host.gone();
  }

  leaving(encoder: FrameEncoder): void {
    if (this.#receipt.riding) encoder.ack(this.#receipt.tell());
  }

  leave(record: Uint8Array): void {
    if (this.#state === "carried") {
      this.#link.send(record);
      return;
    }
    this.#unsent += record.length;
    // Without it there would be a gap.
    if (this.outbound.oldest > this.#sent) this.ended(overrun(this.#loss));
  }

  overrun(reason: TroupeError): void {
    this.abort(reason);
  }

  /** A heartbeat is due, or the grace is over: one of many on the peer's deadlines, so an idle connection has no timer. */
  expire(): void {
    if (this.#state === "carried") this.#beat();
    else this.ended(tooLate(this.#grace, this.#loss));
  }

  /** Whether it has ended, as sending may find. */
  get #over(): boolean {
    return this.#state === "over";
  }

  /** Records that are held are still on their way, or the other side does not tell that they came. */
  get #heldBack(): boolean {
    return this.outbound.held > mostHeld(this.#config.limits) / 2;
  }

  #acknowledge(): void {
    if (this.#receipt.news) this.outbound.ack(this.#receipt.tell());
  }

  #arrived(records: number): void {
    this.outbound.acknowledged(records);
    this.#acknowledged = Math.max(this.#acknowledged, records);
  }

  #beat(): void {
    const { clock, timeouts } = this.#config;
    if (this.#liveness.beat(clock.now()) === "dead") {
      const what = `nothing was heard for two heartbeats of ${timeouts.heartbeat} ms`;
      this.#link.drop(new TroupeError("DISCONNECTED", what));
      return;
    }
    this.#acknowledge();
    this.ping();
    this.#wait(timeouts.heartbeat);
  }

  #wait(time: number): void {
    const { deadlines } = this.#config;
    deadlines.remove(this);
    deadlines.add(this, time);
  }

  /** The channel there was, if it still is there, is given up first: nothing may come by both. */
  #take(link: SealedLink): void {
    this.#link.fence();
    this.#link = link;
    link.handTo(this);
  }

  /** The other side has so many records: all others leave again. */
  #goOn(records: number): void {
    if (this.#over) return;
    if (records < this.outbound.oldest) throw overrun(this.#loss);
    this.#arrived(records);
    this.#state = "carried";
    this.#unsent = 0;
    for (const record of this.outbound.since(records)) this.#link.send(record);
    if (this.#over) return;
    this.#liveness.restart(this.#config.clock.now());
    this.#host.restored();
    // Whoever was told may have closed it.
    if (this.#over) return;
    this.#beat();
    this.#host.drained();
  }
}

/** A record of its own, ahead of all that counts. */
function resumeRecord(records: number): Uint8Array {
  const writer = new Writer();
  new FrameEncoder(writer).resume(records);
  return writer.view();
}

const overrun = (cause: TroupeError | undefined): TroupeError =>
  new TroupeError(
    "DISCONNECTED",
    "the connection was lost, and cannot be resumed: more was on its way than is held for sending again (limits.sendBuffer, limits.resendBuffer)",
    { cause },
  );

const tooLate = (grace: number, cause: TroupeError | undefined): TroupeError =>
  new TroupeError(
    "DISCONNECTED",
    `the connection was lost, and not resumed within ${grace} ms: ${cause?.message ?? ""}`,
    { cause },
  );

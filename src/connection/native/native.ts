import { Expiring } from "../../async/deadlines.ts";
import { toHex } from "../../bytes/bytes.ts";
import type { Channel } from "../../channel/channel.ts";
import { broken, shown, TroupeError } from "../../errors.ts";
import { FrameDecoder } from "../../frame/decode.ts";
import type { Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { Established, Handshake } from "../../session/handshake.ts";
import type { ConnectionConfig } from "../config.ts";
import type { Call, Connection, ConnectionOwner, RemotePeer, RoleList } from "../connection.ts";
import { highWater } from "../limits.ts";
import { Loss, notDelivered } from "../loss.ts";
import { Pending } from "../pending.ts";
import type { IncomingStream, Opening, StreamEnd, StreamKind, StreamUser } from "../stream.ts";
import { type Host, Inbound } from "./inbound.ts";
import { decodeHello, decodeParameters, encodeHello } from "./introduction.ts";
import { Liveness } from "./liveness.ts";
import { type Exit, Outbound } from "./outbound.ts";
import { type LinkOwner, SealedLink } from "./sealed-link.ts";
import { Serving } from "./serving.ts";
import { Streams, type StreamsHost } from "./streams.ts";

/** A connection in the native dialect, from the first byte of its handshake on. */
export class NativeConnection
  extends Expiring
  implements Connection, Host, LinkOwner, Exit, StreamsHost
{
  readonly dialed: boolean;
  readonly #config: ConnectionConfig;
  readonly #owner: ConnectionOwner;
  readonly #link: SealedLink;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Pending<Call>();
  readonly #serving: Serving;
  readonly #liveness: Liveness;
  /** Made for the first stream: most connections never carry one. */
  #streams: Streams | undefined;
  #session: Established | undefined;
  #remote: RemotePeer | undefined;
  #told = -1;
  /** The ping that left behind our DRAIN: its pong comes behind all that was on its way to us. */
  #farewell: number | undefined;
  #requests: number;
  #streamsTaken: number;
  #open = false;
  #end: TroupeError | undefined;

  /**
   * Takes the channel over and begins.
   *
   * @param time - milliseconds until it must be open
   */
  constructor(
    channel: Channel,
    dialed: boolean,
    handshake: Handshake,
    config: ConnectionConfig,
    owner: ConnectionOwner,
    time: number,
  ) {
    super();
    const { clock, flusher, limits, timeouts } = config;
    this.dialed = dialed;
    this.#config = config;
    this.#owner = owner;
    this.#requests = limits.requests;
    this.#streamsTaken = limits.streams;
    this.#liveness = new Liveness(timeouts.heartbeat, clock.now());
    this.#outbound = new Outbound(this, flusher, limits.messageBytes, limits.sendBuffer);
    this.#serving = new Serving(this.#outbound, this, limits.requests, clock);
    this.#inbound = new Inbound(this, owner, this.#pending, this.#serving);
    this.#link = new SealedLink(channel, handshake, this, clock, time);
    this.#link.start();
  }

  get remote(): RemotePeer {
    if (this.#remote === undefined) throw broken("the other side has not introduced itself");
    return this.#remote;
  }

  get remoteAddress(): string {
    return this.#link.remote;
  }

  get open(): boolean {
    return this.#open && this.#end === undefined;
  }

  get load(): number {
    return this.#pending.size + this.#serving.size + (this.#streams?.size ?? 0);
  }

  get buffered(): number {
    return this.#outbound.buffered;
  }

  get congested(): boolean {
    return this.#link.buffered > highWater(this.#config.limits);
  }

  get rtt(): number | undefined {
    return this.#liveness.rtt;
  }

  send(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    if (this.#end !== undefined) throw this.#end;
    this.#outbound.message(name, metadata, payload);
  }

  request(
    call: Call,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    if (this.#end !== undefined) throw notDelivered(this.#end);
    if (this.#pending.used >= this.#requests) {
      throw new TroupeError(
        "OVERLOADED",
        `${this.#requests} requests are in flight to this unit; wait for answers before sending more`,
      );
    }
    const correlation = this.#pending.add(call);
    call.correlation = correlation;
    call.record = this.#outbound.record;
    try {
      this.#outbound.request(correlation, name, deadline, metadata, payload);
    } catch (thrown) {
      this.#pending.take(correlation);
      throw thrown;
    }
  }

  stream(
    opening: Opening,
    user: StreamUser,
    kind: StreamKind,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): StreamEnd {
    if (this.#end !== undefined) throw this.#end;
    return this.streams.open(opening, user, kind, name, deadline, metadata, payload);
  }

  get streams(): Streams {
    const { clock, limits } = this.#config;
    this.#streams ??= new Streams(
      this.#outbound,
      this,
      clock,
      limits.streams,
      this.#streamsTaken,
      limits.streamBuffer,
    );
    return this.#streams;
  }

  asked(stream: IncomingStream): void {
    this.#owner.stream(stream);
  }

  cancel(call: Call): void {
    if (this.#end !== undefined) return;
    this.#pending.abandon(call.correlation, call);
    this.#outbound.cancel(call.correlation);
    this.settled();
  }

  announce(list: RoleList, full: boolean): void {
    this.#told = list.number;
    this.#outbound.roles(list, full);
  }

  get drainKnown(): boolean {
    return this.#farewell === undefined;
  }

  drain(): void {
    this.#outbound.drain();
    this.#farewell = this.#liveness.ping(this.#config.clock.now());
    this.#outbound.ping(this.#farewell);
  }

  close(reason: TroupeError): void {
    if (this.#end !== undefined) return;
    if (this.#remote !== undefined) this.#outbound.close(reason.code, reason.message);
    this.#link.close(reason);
  }

  abort(reason: TroupeError): void {
    this.#link.abort(reason);
  }

  established(session: Established): void {
    this.#session = session;
    // The responder speaks first: until it has, the dialer sends nothing that a listener which does
    // not know it yet would have to take in.
    if (!this.dialed) this.#introduce();
  }

  record(plaintext: Uint8Array): void {
    this.#liveness.heard();
    this.#decoder.decode(plaintext, this.#inbound);
  }

  drained(): void {
    this.#outbound.drained();
    this.#streams?.run();
    if (this.#open) this.#owner.drained();
  }

  ended(reason: TroupeError): void {
    this.#end = reason;
    this.#decoder.stop();
    this.#config.deadlines.remove(this);
    const loss = new Loss(reason);
    const { record } = this.#outbound;
    for (const call of this.#pending.clear()) call.fail(loss.of(call.record < record));
    this.#serving.clear(reason);
    this.#streams?.close(reason);
    if (this.#open) this.#owner.closed(reason);
    else this.#owner.failed(reason);
  }

  gone(): void {
    this.#owner.gone();
  }

  get backlog(): number {
    return this.#link.buffered;
  }

  leave(record: Uint8Array): void {
    this.#link.send(record);
  }

  overrun(reason: TroupeError): void {
    this.#link.abort(reason);
  }

  introduced(about: Payload): void {
    const session = this.#session;
    if (session === undefined) throw broken("HELLO before the handshake");
    const { name, friendly, addresses, tags, meta, capacity } = decodeHello(about);
    const { instance } = decodeParameters(session.parameters);
    const id = toHex(session.identity);
    this.#remote = { id, instance, keyId: session.keyId, name, friendly, addresses, tags, meta };
    this.#outbound.bound(capacity.messageBytes);
    this.#requests = Math.min(this.#requests, capacity.requests);
    this.#streamsTaken = Math.min(this.#streamsTaken, capacity.streams);
    this.#session = undefined;
  }

  opened(roles: RoleList): void {
    this.#link.settle();
    if (this.dialed) this.#introduce();
    this.expire();
    this.#open = true;
    this.#owner.opened(this, roles, this.#told);
  }

  pinged(nonce: number): void {
    this.#outbound.pong(nonce);
  }

  probe(nonce: number): void {
    this.#outbound.ping(nonce);
  }

  ponged(nonce: number): void {
    this.#streams?.ponged(nonce);
    this.#liveness.pong(nonce, this.#config.clock.now());
    if (nonce !== this.#farewell) return;
    this.#farewell = undefined;
    this.#owner.idle();
  }

  settled(): void {
    if (this.open && this.load === 0) this.#owner.idle();
  }

  goodbye(code: string, message: string): void {
    this.#link.close(
      new TroupeError(
        "DISCONNECTED",
        `the other side closed the connection: ${shown(code)}, ${shown(message)}`,
      ),
    );
  }

  #introduce(): void {
    const { introduction, roles, limits } = this.#config;
    const { messageBytes, requests, streams } = limits;
    const capacity = { messageBytes, requests, streams };
    this.#outbound.hello(encodeHello(introduction(), capacity));
    this.announce(roles(), true);
  }

  /** A heartbeat is due: one of many on the peer's deadlines, so an idle connection has no timer. */
  expire(): void {
    const { clock, deadlines, timeouts } = this.#config;
    const now = clock.now();
    if (this.#liveness.beat(now) === "dead") {
      this.#link.abort(
        new TroupeError(
          "DISCONNECTED",
          `nothing was heard for two heartbeats of ${timeouts.heartbeat} ms`,
        ),
      );
      return;
    }
    this.#outbound.ping(this.#liveness.ping(now));
    deadlines.add(this, timeouts.heartbeat);
  }
}

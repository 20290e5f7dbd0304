import { toHex } from "../../bytes/bytes.ts";
import { broken, shown, TroupeError } from "../../errors.ts";
import { FrameDecoder } from "../../frame/decode.ts";
import type { Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { Established } from "../../session/handshake.ts";
import type { ConnectionConfig } from "../config.ts";
import type {
  Call,
  Connection,
  ConnectionOwner,
  RemotePeer,
  Resumption,
  RoleList,
} from "../connection.ts";
import { Loss, notDelivered } from "../loss.ts";
import { Pending } from "../pending.ts";
import type { IncomingStream, Opening, StreamEnd, StreamKind, StreamUser } from "../stream.ts";
import { Carrier, type CarrierHost } from "./carrier.ts";
import { type Host, Inbound } from "./inbound.ts";
import { decodeHello, decodeParameters, encodeHello, NAME_BYTES } from "./introduction.ts";
import type { Outbound } from "./outbound.ts";
import type { SealedLink } from "./sealed-link.ts";
import { Serving } from "./serving.ts";
import { Streams, type StreamsHost } from "./streams.ts";

/** A connection in the native dialect: what is said, by whatever channel carries it. */
export class NativeConnection implements Connection, Host, CarrierHost, StreamsHost {
  readonly dialed: boolean;
  readonly #config: ConnectionConfig;
  readonly #owner: ConnectionOwner;
  readonly #carrier: Carrier;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Pending<Call>();
  readonly #serving: Serving;
  /** Made for the first stream: most connections never carry one. */
  #streams: Streams | undefined;
  #session: Established | undefined;
  #remote: RemotePeer | undefined;
  /** The name that this side has given it, until both have introduced themselves. */
  #name: string | undefined;
  #told = -1;
  /** The ping that left behind our DRAIN: its pong comes behind all that was on its way to us. */
  #farewell: number | undefined;
  #requests: number;
  #streamsTaken: number;
  #open = false;
  #end: TroupeError | undefined;

  /** Takes the link over. */
  constructor(
    link: SealedLink,
    dialed: boolean,
    session: Established,
    config: ConnectionConfig,
    owner: ConnectionOwner,
  ) {
    const { clock, limits } = config;
    this.dialed = dialed;
    this.#session = session;
    this.#config = config;
    this.#owner = owner;
    this.#requests = limits.requests;
    this.#streamsTaken = limits.streams;
    this.#carrier = new Carrier(link, this, config);
    this.#outbound = this.#carrier.outbound;
    this.#serving = new Serving(this.#outbound, this, limits.requests, clock);
    this.#inbound = new Inbound(this, owner, this.#pending, this.#serving);
  }

  /** Begins: records may leave. */
  begin(): void {
    // The responder speaks first: until it has, the dialer sends nothing that a listener which does
    // not know it yet would have to take in.
    if (!this.dialed) this.#introduce();
  }

  get remote(): RemotePeer {
    if (this.#remote === undefined) throw broken("the other side has not introduced itself");
    return this.#remote;
  }

  get remoteAddress(): string {
    return this.#carrier.remote;
  }

  get open(): boolean {
    return this.#open && this.#end === undefined;
  }

  get suspended(): boolean {
    return this.#carrier.suspended;
  }

  get resumption(): Resumption | undefined {
    const { name, received } = this.#carrier;
    return name === undefined ? undefined : { name, records: received };
  }

  get load(): number {
    return this.#pending.size + this.#serving.size + (this.#streams?.size ?? 0);
  }

  get buffered(): number {
    return this.#outbound.buffered;
  }

  get congested(): boolean {
    return this.#carrier.congested;
  }

  get rtt(): number | undefined {
    return this.#carrier.rtt;
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
    this.#farewell = this.#carrier.ping();
  }

  close(reason: TroupeError): void {
    if (this.#end !== undefined) return;
    if (this.#remote !== undefined) this.#outbound.close(reason.code, reason.message);
    this.#carrier.close(reason);
  }

  abort(reason: TroupeError): void {
    this.#carrier.abort(reason);
  }

  /** This side has dialled once more, and proved to be who it was: goes on by this link. */
  redialed(link: SealedLink): void {
    this.#carrier.redialed(link);
  }

  /** The other side has, and has so many of our records. */
  resume(link: SealedLink, records: number): void {
    this.#carrier.resume(link, records);
  }

  heard(record: Uint8Array): boolean {
    const before = this.#inbound.uncounted;
    const frames = this.#decoder.decode(record, this.#inbound);
    return frames > this.#inbound.uncounted - before;
  }

  drained(): void {
    this.#outbound.drained();
    this.#streams?.run();
    if (this.#open) this.#owner.drained();
  }

  lost(reason: TroupeError): void {
    this.#owner.suspended(reason);
  }

  restored(): void {
    // Their answers may have been lost: they leave in records that are not sent again.
    if (this.#farewell !== undefined) this.#farewell = this.#carrier.ping();
    this.#streams?.restored();
    this.#owner.resumed();
  }

  ended(reason: TroupeError, sent: number): void {
    this.#end = reason;
    this.#decoder.stop();
    const loss = new Loss(reason);
    for (const call of this.#pending.clear()) call.fail(loss.of(call.record < sent));
    this.#serving.clear(reason);
    this.#streams?.close(reason);
    if (this.#open) this.#owner.closed(reason);
    else this.#owner.failed(reason);
  }

  gone(): void {
    this.#owner.gone();
  }

  introduced(about: Payload): void {
    const session = this.#session;
    if (session === undefined) throw broken("HELLO before the handshake");
    const { name, friendly, addresses, tags, meta, capacity, grace } = decodeHello(about);
    const { instance } = decodeParameters(session.parameters);
    const id = toHex(session.identity);
    this.#remote = { id, instance, keyId: session.keyId, name, friendly, addresses, tags, meta };
    this.#outbound.bound(capacity.messageBytes);
    this.#requests = Math.min(this.#requests, capacity.requests);
    this.#streamsTaken = Math.min(this.#streamsTaken, capacity.streams);
    this.#session = undefined;
    const time = Math.min(grace.time, this.#config.timeouts.resume);
    this.#carrier.agree(this.dialed ? grace.name : this.#name, time);
  }

  opened(roles: RoleList): void {
    if (this.dialed) this.#introduce();
    this.#carrier.opened();
    this.#open = true;
    this.#owner.opened(this, roles, this.#told);
  }

  pinged(nonce: number): void {
    this.#carrier.pinged(nonce);
  }

  probe(nonce: number): void {
    this.#outbound.ping(nonce);
  }

  ponged(nonce: number): void {
    this.#streams?.ponged(nonce);
    this.#carrier.ponged(nonce);
    if (nonce !== this.#farewell) return;
    this.#farewell = undefined;
    this.#owner.idle();
  }

  acknowledged(records: number): void {
    this.#carrier.acknowledged(records);
  }

  welcomed(records: number): void {
    this.#carrier.welcomed(records);
  }

  settled(): void {
    if (this.open && this.load === 0) this.#owner.idle();
  }

  goodbye(code: string, message: string): void {
    this.#carrier.close(
      new TroupeError(
        "DISCONNECTED",
        `the other side closed the connection: ${shown(code)}, ${shown(message)}`,
      ),
    );
  }

  #introduce(): void {
    const { introduction, roles, limits, timeouts, random } = this.#config;
    const { messageBytes, requests, streams } = limits;
    const capacity = { messageBytes, requests, streams };
    if (!this.dialed) this.#name = toHex(random(NAME_BYTES));
    const grace = { time: timeouts.resume, name: this.#name };
    this.#outbound.hello(encodeHello(introduction(), capacity, grace));
    this.announce(roles(), true);
  }
}

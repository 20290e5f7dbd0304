import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { Allowance } from "./allowance.node.ts";
import type { Channel, ChannelEnd, ChannelLimits, ChannelReceiver } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { type Carrier, sharedListener } from "./shared-listener.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";
import { FRAME_BYTES, writeMessage } from "./ws-frame.node.ts";
import { MessageReader, type MessageTaker } from "./ws-reader.node.ts";

/** Milliseconds that a polite close may take before the socket is destroyed. */
const CLOSE_TIME = 1000;

/** Close codes with which nothing went wrong: normal, going away, none given (RFC 6455, 7.4.1). */
const GOODBYES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** The options of `ws` that are ours on either side; the typings of `ws` do not know all of them. */
export function socketOptions(limits: ChannelLimits): {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly closeTimeout: number;
} {
  return {
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    closeTimeout: CLOSE_TIME,
  };
}

const CHANNEL = Symbol("channel");

const onOdd = sharedListener(CHANNEL, (channel: WsChannel, data: unknown, isBinary: boolean) =>
  channel.odd(data, isBinary),
);
const onError = sharedListener(CHANNEL, (channel: WsChannel, error: Error) =>
  channel.cut(error.message),
);
const onClose = sharedListener(CHANNEL, (channel: WsChannel, code: number) => channel.over(code));

/** A channel on a `ws` socket that is open, dialled or accepted. */
export class WsChannel implements Channel, MessageTaker {
  readonly remote: string;
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #dialed: boolean;
  readonly #highWater: number;
  readonly #inbox: Inbox;
  #allowance: Allowance | undefined;
  #phase: "open" | "closing" | "cut" | "over" = "open";
  #fault: string | undefined;
  #congested = false;

  /**
   * @param socket - open since this very turn of the event loop, so that nothing has been read yet
   * @param raw - the socket below it
   * @param dialed - by this side, the client of RFC 6455
   * @param allowance - counts what comes on `raw` until {@link WsChannel.admit}
   */
  constructor(
    socket: WebSocket,
    raw: Duplex,
    dialed: boolean,
    allowance: Allowance,
    limits: ChannelLimits,
  ) {
    this.remote = remoteOf(raw);
    this.#socket = socket;
    this.#raw = raw;
    this.#dialed = dialed;
    this.#allowance = allowance;
    this.#highWater = limits.highWater;
    this.#inbox = new Inbox(limits.handshakeBytes);
    new MessageReader(raw, !dialed, limits.messageBytes, this);
    socket.on("message", onOdd);
    socket.on("error", onError);
    socket.on("close", onClose);
    (socket as WebSocket & Carrier<typeof CHANNEL, WsChannel>)[CHANNEL] = this;
  }

  get buffered(): number {
    return this.#phase === "over" ? 0 : this.#socket.bufferedAmount;
  }

  start(receiver: ChannelReceiver): void {
    this.#inbox.start(receiver);
  }

  send(message: Uint8Array, tail?: Uint8Array): void {
    const socket = this.#socket;
    if (this.#phase !== "open" || socket.readyState !== WebSocket.OPEN) return;
    const length = message.length + (tail?.length ?? 0);
    // A write callback costs, and only a full pipe needs one.
    if (socket.bufferedAmount + length + FRAME_BYTES <= this.#highWater) {
      writeMessage(this.#raw, this.#dialed, message, tail);
      return;
    }
    this.#congested = true;
    writeMessage(this.#raw, this.#dialed, message, tail, () => this.#written());
  }

  admit(): void {
    this.#allowance?.lift();
    this.#allowance = undefined;
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#socket.close(1000);
  }

  abort(): void {
    this.cut("cut by this side");
  }

  /** Something is wrong with it, or this side wants no more of it. */
  cut(fault: string): void {
    if (this.#phase === "cut" || this.#phase === "over") return;
    this.#phase = "cut";
    this.#fault = fault;
    this.#inbox.shut();
    this.#socket.terminate();
  }

  /** What the reader has read. */
  message(bytes: Uint8Array): void {
    // What exceeded the allowance is still parsed: its destroyed socket is not asked again.
    if (this.#allowance?.exceeded !== undefined) return;
    if (!this.#inbox.message(bytes)) this.cut("too much came before anybody listened");
  }

  /** What the reader has left to `ws`, and that is no control frame. */
  odd(data: unknown, isBinary: boolean): void {
    if (!isBinary) this.cut("a text message came: the other side does not speak troupe.1");
    else if (!(data instanceof Uint8Array)) this.cut("ws gave a message that is not a buffer");
    else this.message(data);
  }

  /** Every send above the high-water mark comes by here, so the last of them finds it undershot. */
  #written(): void {
    if (!this.#congested || this.#phase !== "open") return;
    if (this.#socket.bufferedAmount > this.#highWater) return;
    this.#congested = false;
    this.#inbox.drained();
  }

  /** The socket is closed. */
  over(code: number): void {
    const fault = this.#fault ?? this.#allowance?.exceeded;
    const asked = this.#phase === "closing";
    this.#phase = "over";
    this.admit();
    this.#inbox.close(fault === undefined ? endOf(code, asked) : { clean: false, reason: fault });
  }
}

function endOf(code: number, asked: boolean): ChannelEnd {
  if (GOODBYES.has(code)) {
    return { clean: true, reason: `closed by ${asked ? "this" : "the other"} side` };
  }
  if (code !== 1006) {
    return { clean: false, reason: `the other side ended it with WebSocket close code ${code}` };
  }
  return {
    clean: false,
    reason: asked
      ? `the other side did not answer the goodbye within ${CLOSE_TIME} ms`
      : "the connection was lost",
  };
}

/** `host:port` of the other end; IPv6 in brackets, IPv4 never in its IPv6 form. */
function remoteOf(socket: Duplex & { remoteAddress?: unknown; remotePort?: unknown }): string {
  const { remoteAddress, remotePort } = socket;
  if (typeof remoteAddress !== "string" || typeof remotePort !== "number") return "unknown";
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  // By join(): a template would keep a tree of its parts for as long as the channel is there.
  return [host.includes(":") ? `[${host}]` : host, remotePort].join(":");
}

/** An HTTP answer instead of an upgrade. */
export interface Refusal {
  readonly status: number;
  /** One line for whoever reads it. */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Completes an upgrade, or answers that it is refused.
 *
 * @returns the channel, unless it is refused
 * @throws Error when the socket has been upgraded already
 */
export type Upgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  allowance: Allowance,
) => Channel | undefined;

/**
 * The WebSocket upgrade on the side that listens.
 *
 * @param refuse - asked about each request that is a sound WebSocket upgrade
 */
export function upgrader(
  limits: ChannelLimits,
  refuse: (request: IncomingMessage) => Refusal | undefined,
): Upgrade {
  const server = new WebSocketServer({
    ...socketOptions(limits),
    noServer: true,
    clientTracking: false,
    handleProtocols: () => SUBPROTOCOL,
    verifyClient: ({ req }, answer) => {
      const refusal = refuse(req);
      if (refusal === undefined) answer(true);
      else answer(false, refusal.status, `${refusal.text}\n`, { ...TEXT, ...refusal.headers });
    },
  });
  return (request, socket, head, allowance) => {
    let channel: Channel | undefined;
    server.handleUpgrade(request, socket, head, (upgraded) => {
      // `ws` puts the head back into the socket: it would be counted again.
      allowance.spend(-head.length);
      channel = new WsChannel(upgraded, socket, false, allowance, limits);
    });
    return channel;
  };
}

const TEXT = { "Content-Type": "text/plain; charset=utf-8" };

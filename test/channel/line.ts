import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { Duplex, type DuplexOptions } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { MessageReader } from "../../src/channel/ws-reader.node.ts";
import { hex } from "../crypto/support.ts";
import { upgradeRequest } from "./sockets.ts";

/** Which end of a WebSocket this is: what comes to a server is masked. */
export type Side = "client" | "server";

/** Who reads the messages: `ws` as it is, or our reader ahead of it. */
export type Reading = "by ws alone" | "by the reader";

/** The end of a connection whose other end is the test: it gets exactly the chunks it is brought. */
export class Line extends Duplex {
  /** What was written since the upgrade. */
  written: Buffer = Buffer.alloc(0);
  /** Called with all that is written, while it is being written. */
  onWrite: (chunk: Buffer) => void = () => {};

  constructor(options: DuplexOptions = {}) {
    super({ ...options, read: () => {} });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written = Buffer.concat([this.written, chunk]);
    this.onWrite(chunk);
    done();
  }
}

/** A WebSocket on a line, and what has been heard of it. */
export interface Opened {
  readonly line: Line;
  /** Everything, in order, the bytes in hexadecimal. */
  readonly heard: string[];
  /** The messages that our reader has read. */
  readonly messages: Uint8Array[];
  /** Called with each message, wherever it was read. */
  onMessage: (bytes: Uint8Array) => void;
  readonly closed: Promise<void>;
}

/**
 * Opens a WebSocket on a line, by a real upgrade.
 *
 * @param limit - bytes of the largest message
 */
export async function open(
  side: Side,
  reading: Reading,
  limit: number,
  line: Line = new Line(),
): Promise<Opened> {
  const opened = await new Promise<Opened>((resolve) => {
    const upgraded = (socket: WebSocket): void => resolve(hear(socket, line, side, reading, limit));
    if (side === "server") accept(line, limit, upgraded);
    else dial(line, limit, upgraded);
  });
  line.onWrite = () => {};
  line.written = Buffer.alloc(0);
  return opened;
}

function accept(line: Line, limit: number, upgraded: (socket: WebSocket) => void): void {
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: limit });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, upgraded);
  });
  server.emit("connection", line);
  line.push(Buffer.from(upgradeRequest()));
}

function dial(line: Line, limit: number, upgraded: (socket: WebSocket) => void): void {
  line.onWrite = (request) => {
    const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request.toString())?.[1];
    const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    const headers = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${hash.digest("base64")}`;
    line.push(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n\r\n`));
  };
  const socket = new WebSocket("ws://line", {
    createConnection: () => line as never,
    generateMask: (mask) => mask.fill(0),
    perMessageDeflate: false,
    maxPayload: limit,
  });
  socket.on("open", () => upgraded(socket));
}

function hear(socket: WebSocket, line: Line, side: Side, reading: Reading, limit: number): Opened {
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  const opened: Opened = { line, heard: [], messages: [], onMessage: () => {}, closed };
  const tell = (what: string, bytes: Uint8Array): number =>
    opened.heard.push(`${what} ${hex(bytes)}`);
  const message = (bytes: Uint8Array): void => {
    tell("message", bytes);
    opened.onMessage(bytes);
  };
  if (reading === "by the reader") {
    new MessageReader(line, side === "server", limit, {
      message(bytes) {
        opened.messages.push(Uint8Array.from(bytes));
        message(bytes);
      },
    });
  }
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) message(data);
    else tell("text", data);
  });
  socket.on("ping", (data) => tell("ping", data));
  socket.on("pong", (data) => tell("pong", data));
  socket.on("error", (error) => opened.heard.push(`error ${error.message}`));
  socket.on("close", (code, reason) => tell(`close ${code}`, reason));
  return opened;
}

/** A turn of the event loop. */
export const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

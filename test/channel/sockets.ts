import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import type { Channel, ChannelLimits } from "../../src/channel/channel.ts";
import { dial } from "../../src/channel/dial.node.ts";
import type { DialOptions } from "../../src/channel/dialing.ts";
import { listen } from "../../src/channel/listen.node.ts";
import type {
  Listener,
  ListenLimits,
  ListenOptions,
  Reception,
} from "../../src/channel/listening.ts";
import { bytes, Recorder } from "./recorder.ts";

export const LIMITS: ListenLimits = {
  handshakeBytes: 4096,
  messageBytes: 1024 * 1024,
  highWater: 64 * 1024,
  handshakeTime: 5000,
};

/** A reception that remembers what it accepted. */
export class Lobby implements Reception {
  readonly accepted: Channel[] = [];
  readonly times: number[] = [];
  full = false;
  /** Called with each channel, before those who wait for the next one. */
  onAccept: (channel: Channel) => void = () => {};
  readonly #waiting: ((channel: Channel) => void)[] = [];

  room(): boolean {
    return !this.full;
  }

  accept(channel: Channel, timeLeft: number): void {
    this.accepted.push(channel);
    this.times.push(timeLeft);
    this.onAccept(channel);
    this.#waiting.shift()?.(channel);
  }

  /** The next channel to be accepted. */
  next(): Promise<Channel> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next channel to be accepted, with its receiver. */
  async hears(): Promise<{ channel: Channel; recorder: Recorder }> {
    const channel = await this.next();
    const recorder = new Recorder();
    channel.start(recorder);
    return { channel, recorder };
  }
}

/** A listener on loopback with its reception; whoever opens it closes it. */
export async function openLobby(
  options: ListenOptions = {},
  limits: Partial<ListenLimits> = {},
): Promise<{ lobby: Lobby; listener: Listener; port: number }> {
  const lobby = new Lobby();
  const place = { port: 0, host: "127.0.0.1", ...options };
  const listener = await listen(place, lobby, { ...LIMITS, ...limits });
  return { lobby, listener, port: listener.port };
}

/** The same, closed when the test has finished. */
export async function lobbyHere(
  options: ListenOptions = {},
  limits: Partial<ListenLimits> = {},
): Promise<{ lobby: Lobby; listener: Listener; port: number }> {
  const opened = await openLobby(options, limits);
  onTestFinished(async () => {
    for (const channel of opened.lobby.accepted) channel.abort();
    await opened.listener.close();
  });
  return opened;
}

/** A good dialer gets in and is heard, whoever else was accepted before. */
export async function expectGoodDialer(lobby: Lobby, port: number, client = {}): Promise<void> {
  const heard = new Promise<Uint8Array>((resolve) => {
    lobby.onAccept = (channel) => {
      const recorder = new Recorder();
      recorder.onMessage = resolve;
      channel.start(recorder);
    };
  });
  const scheme = "ca" in client ? "wss" : "ws";
  const channel = await dial(new URL(`${scheme}://127.0.0.1:${port}`), dialing(client));
  channel.send(bytes("hello"));
  expect(await heard).toEqual(bytes("hello"));
  channel.abort();
}

/** Options to dial with. */
export function dialing(
  client: Readonly<Record<string, unknown>> = {},
  limits: ChannelLimits = LIMITS,
): DialOptions {
  return { client, limits, signal: new AbortController().signal };
}

/** A TCP socket that writes whatever a test wants and remembers what comes back. */
export class Raw {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async open(port: number): Promise<Raw> {
    const socket = connect(port, "127.0.0.1");
    const raw = new Raw(socket);
    await once(socket, "connect");
    return raw;
  }

  /** Opens a socket that has done the upgrade. */
  static async upgraded(port: number, extra: Uint8Array = new Uint8Array()): Promise<Raw> {
    const raw = await Raw.open(port);
    raw.write(Buffer.concat([Buffer.from(upgradeRequest()), extra]));
    while (!raw.received.includes("\r\n\r\n")) await once(raw.socket, "data");
    return raw;
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** The status of the HTTP answer, once the other side has closed. */
  async status(): Promise<number> {
    await this.closed;
    return Number(this.received.toString("latin1").split(" ")[1]);
  }
}

/** The text of an upgrade request; a header given as `undefined` is left out. */
export function upgradeRequest(
  path = "/",
  headers: Readonly<Record<string, string | undefined>> = {},
): string {
  const all: Record<string, string | undefined> = {
    Host: "localhost",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "troupe.1",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** A WebSocket frame (RFC 6455, section 5.2) as a client sends it, or deliberately otherwise. */
export function frame(
  payload: Uint8Array | string,
  options: { opcode?: number; flags?: number; masked?: boolean; declared?: bigint } = {},
): Buffer {
  const { opcode = 2, flags = 0x80, masked = true, declared } = options;
  const body = Buffer.from(payload);
  const maskBit = masked ? 0x80 : 0;
  const mask = masked ? Buffer.alloc(4) : Buffer.alloc(0);
  const length = Buffer.alloc(body.length < 126 && declared === undefined ? 0 : 8);
  if (length.length > 0) length.writeBigUInt64BE(declared ?? BigInt(body.length));
  const second = length.length > 0 ? 127 : body.length;
  return Buffer.concat([Buffer.from([flags | opcode, maskBit | second]), length, mask, body]);
}

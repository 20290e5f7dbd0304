import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Channel } from "../../src/channel/channel.ts";
import { dial } from "../../src/channel/dial.node.ts";
import { listen } from "../../src/channel/listen.node.ts";
import { hex, pattern } from "../crypto/support.ts";
import { certificate } from "../support/certificate.ts";
import { turn } from "./line.ts";
import { Recorder } from "./recorder.ts";
import { dialing, frame, LIMITS, Lobby, lobbyHere, Raw } from "./sockets.ts";
import { BINARY, encode, MASK, ZEROS } from "./traffic.ts";

const KIB = 1024;

/** Both ends of a channel, admitted. */
async function admitted(scheme: "ws" | "wss"): Promise<{ dialled: Channel; accepted: Channel }> {
  const tls = scheme === "wss";
  const { lobby, port } = await lobbyHere(tls ? { ssl: certificate } : {});
  const coming = lobby.next();
  const url = new URL(`${scheme}://127.0.0.1:${port}`);
  const dialled = await dial(url, dialing(tls ? { ca: certificate.cert } : {}));
  const accepted = await coming;
  dialled.admit();
  accepted.admit();
  onTestFinished(() => dialled.abort());
  return { dialled, accepted };
}

describe.each([
  ["ws", "dialled", "accepted"],
  ["ws", "accepted", "dialled"],
  ["wss", "dialled", "accepted"],
  ["wss", "accepted", "dialled"],
] as const)("over %s, what the %s end sends to the %s one", (scheme, from, to) => {
  it("arrives as it was, whatever its size, while buffers are freed on both sides", async () => {
    const ends = await admitted(scheme);
    const recorder = new Recorder();
    const wrong: number[] = [];
    const all = pattern(150_000);
    const message = (i: number): Uint8Array => all.slice(i, i + ((i * 7919) % 140_000));
    recorder.onMessage = (bytes) => {
      const i = recorder.messages.length - 1;
      if (Buffer.compare(bytes, message(i)) !== 0) wrong.push(i);
    };
    ends[to].start(recorder);
    for (let i = 0; i < 100; i++) ends[from].send(message(i));
    await recorder.first(100);
    expect(wrong).toEqual([]);
  });

  it("leaves no chunk to the collector", async () => {
    const ends = await admitted(scheme);
    const buffers: ArrayBufferLike[] = [];
    const all = new Promise<void>((resolve) => {
      const message = ({ buffer }: Uint8Array): void => {
        if (buffers.push(buffer) === 100) resolve();
      };
      ends[to].start({ message, drained: () => {}, closed: () => {} });
    });
    for (let i = 0; i < 100; i++) ends[from].send(pattern(6000));
    await all;
    await turn();
    // A message that came whole within a chunk was a view of it.
    expect(buffers.some(({ byteLength }) => byteLength === 0)).toBe(true);
  });

  it("can be kept by a copy, for which slice() is enough", async () => {
    const ends = await admitted(scheme);
    const recorder = new Recorder();
    const copies: Uint8Array[] = [];
    recorder.onMessage = (bytes) => copies.push(bytes.slice());
    ends[to].start(recorder);
    for (let i = 0; i < 100; i++) ends[from].send(pattern(6000));
    await recorder.first(100);
    await turn();
    expect(copies.every((copy) => hex(copy) === hex(pattern(6000)))).toBe(true);
  });
});

/** A socket that has upgraded, and the channel it is accepted as. */
async function upgraded(limits = {}): Promise<{ raw: Raw; channel: Channel; recorder: Recorder }> {
  const { lobby, port } = await lobbyHere({}, limits);
  const coming = lobby.next();
  const raw = await Raw.upgraded(port);
  const channel = await coming;
  onTestFinished(() => void raw.socket.destroy());
  return { raw, channel, recorder: new Recorder() };
}

describe("a message", () => {
  it.each<[string, (raw: Raw) => void]>([
    ["ends", ({ socket }) => socket.end()],
    ["is reset", ({ socket }) => socket.resetAndDestroy()],
  ])("of which a part has come when the socket %s is not delivered", async (_how, cut) => {
    for (const length of [3, 20, 10_000, 99_000]) {
      const { raw, channel, recorder } = await upgraded();
      channel.admit();
      channel.start(recorder);
      const whole = frame(pattern(100_000));
      raw.write(Buffer.concat([frame("first"), whole.subarray(0, length)]));
      await recorder.first(1);
      cut(raw);
      expect(await recorder.end()).toEqual({ clean: false, reason: "the connection was lost" });
      expect(recorder.messages.length).toBe(1);
    }
  });

  it("that comes before anybody listens is kept as it was", async () => {
    const { raw, channel, recorder } = await upgraded({ handshakeBytes: 256 * KIB });
    const messages = [frame("first"), frame(pattern(40_000)), frame(pattern(60_000))];
    raw.write(Buffer.concat([...messages, frame("x", { opcode: 9 })]));
    // The pong says that all has been read.
    while (!raw.received.includes(Buffer.from("8a0178", "hex"))) await once(raw.socket, "data");
    channel.start(recorder);
    // By now the chunk they came in is gone.
    expect(recorder.messages.map(hex)).toEqual([
      hex(Buffer.from("first")),
      hex(pattern(40_000)),
      hex(pattern(60_000)),
    ]);
  });

  it("may have a mask of any kind in between", async () => {
    const { raw, channel, recorder } = await upgraded();
    channel.admit();
    channel.start(recorder);
    const came: string[] = [];
    recorder.onMessage = (bytes) => came.push(hex(bytes));
    const lengths = Array.from({ length: 40 }, (_, i) => (i * 6007) % 70_000);
    for (const [i, length] of lengths.entries()) {
      const mask = i % 3 === 0 ? MASK : ZEROS;
      raw.write(encode({ first: BINARY, payload: pattern(length), mask }));
    }
    await recorder.first(lengths.length);
    expect(came).toEqual(lengths.map((length) => hex(pattern(length))));
  });
});

describe("a receiver", () => {
  const three = Buffer.concat([frame("one"), frame("two"), frame(pattern(20_000)), frame("four")]);

  it("hears no more messages when it cuts the channel within one, only the end", async () => {
    const { raw, channel, recorder } = await upgraded();
    channel.admit();
    recorder.onMessage = () => channel.abort();
    channel.start(recorder);
    raw.write(three);
    expect(await recorder.end()).toEqual({ clean: false, reason: "cut by this side" });
    await raw.closed;
    expect([recorder.messages.length, recorder.ends.length]).toEqual([1, 1]);
  });

  it("hears what comes until the other side answers when it closes the channel within one", async () => {
    const { raw, channel, recorder } = await upgraded();
    channel.admit();
    recorder.onMessage = () => channel.close();
    channel.start(recorder);
    raw.write(three);
    await recorder.first(4);
    raw.write(frame(Buffer.from([3, 232]), { opcode: 8 }));
    expect(await recorder.end()).toEqual({ clean: true, reason: "closed by this side" });
  });

  it("may send and take in large messages within one", async () => {
    const { dialled, accepted } = await admitted("ws");
    const recorder = new Recorder();
    const came: string[] = [];
    accepted.start({
      message: (bytes) => {
        accepted.send(Uint8Array.from(bytes));
        accepted.send(pattern(50_000));
      },
      drained: () => {},
      closed: () => {},
    });
    recorder.onMessage = (bytes) => came.push(hex(bytes));
    dialled.start(recorder);
    for (let i = 0; i < 20; i++) dialled.send(pattern(30_000, i));
    await recorder.first(40);
    for (let i = 0; i < 20; i++) {
      expect(came[2 * i] === hex(pattern(30_000, i)), `echo ${i}`).toBe(true);
      expect(came[2 * i + 1] === hex(pattern(50_000)), `answer ${i}`).toBe(true);
    }
  });
});

it("leaves chunks as they are that a listener of the user's has got, too", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const lobby = new Lobby();
  const listener = await listen({ server }, lobby, LIMITS);
  const [kept, counted]: [Buffer[], number[]] = [[], []];
  server.on("upgrade", (_request, socket: Socket) => {
    socket.prependListener("data", (chunk) => kept.push(chunk));
    socket.on("data", (chunk) => counted.push(chunk.length));
  });
  const coming = lobby.hears();
  const raw = await Raw.upgraded((server.address() as AddressInfo).port);
  const { channel, recorder } = await coming;
  channel.admit();
  const large = frame(pattern(90_000));
  raw.write(large);
  await recorder.first(1);
  await turn();
  expect(hex(Buffer.concat(kept))).toBe(hex(large));
  expect(counted.reduce((sum, length) => sum + length, 0)).toBe(large.length);
  raw.socket.destroy();
  await listener.close();
});

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer, type WebSocket as Ws } from "ws";
import type { Channel, ChannelLimits } from "../../src/channel/channel.ts";
import { dial } from "../../src/channel/dial.node.ts";
import { channelContract, type Pair } from "./contract.ts";
import { bytes, Recorder } from "./recorder.ts";
import { dialing, frame, lobbyHere, openLobby, Raw, upgradeRequest } from "./sockets.ts";

async function openPair(limits: ChannelLimits): Promise<{
  dialled: Channel;
  accepted: Channel;
  dispose: Pair["dispose"];
}> {
  const { lobby, listener, port } = await openLobby({}, limits);
  const coming = lobby.next();
  const dialled = await dial(new URL(`ws://127.0.0.1:${port}`), dialing({}, limits));
  return { dialled, accepted: await coming, dispose: () => listener.close() };
}

channelContract("ws, the dialled end first", async (limits) => {
  const { dialled, accepted, dispose } = await openPair(limits);
  return { near: dialled, far: accepted, dispose };
});

channelContract("ws, the accepted end first", async (limits) => {
  const { dialled, accepted, dispose } = await openPair(limits);
  return { near: accepted, far: dialled, dispose };
});

describe("what comes on the socket of an accepted channel", () => {
  it("may bring two messages in one TCP chunk, even in that of the upgrade", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port, Buffer.concat([frame("one"), frame("two")]));
    const { recorder } = await coming;
    await recorder.first(2);
    raw.write(Buffer.concat([frame("three"), frame("four")]));
    await recorder.first(4);
    expect(recorder.texts).toEqual(["one", "two", "three", "four"]);
    raw.socket.destroy();
  });

  it("may bring one message in many TCP chunks", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    raw.socket.setNoDelay(true);
    const { recorder } = await coming;
    for (const byte of frame("in single bytes")) {
      await new Promise<void>((sent) => raw.socket.write(Buffer.from([byte]), () => sent()));
      await new Promise((turn) => setImmediate(turn));
    }
    await recorder.first(1);
    expect(recorder.texts).toEqual(["in single bytes"]);
    raw.socket.destroy();
  });

  it("counts the bytes of the upgrade and of frame headers, too", async () => {
    const { lobby, port } = await lobbyHere({}, { handshakeBytes: 1000 });
    const coming = lobby.hears();
    const room = 1000 - upgradeRequest().length;
    const raw = await Raw.upgraded(port, frame(new Uint8Array(room - 14)));
    const { recorder } = await coming;
    await recorder.first(1);
    expect(recorder.ends).toEqual([]);
    raw.write("x");
    expect((await recorder.end()).reason).toContain("more than 1000 bytes");
    await raw.closed;
  });

  it("names the address of the other end", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.next();
    const raw = await Raw.upgraded(port);
    expect((await coming).remote).toBe(`127.0.0.1:${raw.socket.localPort}`);
    raw.socket.destroy();
  });

  it("ends the channel at once when it is reset", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    const { channel, recorder } = await coming;
    channel.admit();
    raw.socket.resetAndDestroy();
    expect(await recorder.end()).toEqual({ clean: false, reason: "the connection was lost" });
  });

  it("ends the channel when the socket ends without a goodbye", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    const { recorder } = await coming;
    raw.socket.end();
    expect(await recorder.end()).toMatchObject({ clean: false });
  });

  it("is destroyed when the goodbye is not answered within a second", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    const { channel, recorder } = await coming;
    channel.close();
    const end = await recorder.end();
    expect(end).toEqual({
      clean: false,
      reason: "the other side did not answer the goodbye within 1000 ms",
    });
    await raw.closed;
  });
});

describe("a breach of the WebSocket protocol costs its connection only", () => {
  const breaches: readonly (readonly [string, Uint8Array])[] = [
    ["a text message", frame("hello", { opcode: 1 })],
    ["a huge declared length", frame("", { declared: 2n ** 62n })],
    ["a length above the limit", frame("", { declared: 1024n * 1024n + 1n })],
    ["an unmasked frame", frame("hello", { masked: false })],
    ["RSV1", frame("hello", { flags: 0xc0 })],
    ["RSV2", frame("hello", { flags: 0xa0 })],
    ["RSV3", frame("hello", { flags: 0x90 })],
    ["an unknown opcode", frame("hello", { opcode: 3 })],
    ["an unknown control opcode", frame("", { opcode: 11 })],
    ["a continuation of nothing", frame("hello", { opcode: 0 })],
    ["a fragmented ping", frame("hello", { opcode: 9, flags: 0 })],
    ["a ping that is too long", frame(new Uint8Array(126), { opcode: 9 })],
    ["a close frame of one byte", frame("x", { opcode: 8 })],
    ["a close frame with a code that may not be", frame(Buffer.from([0, 1]), { opcode: 8 })],
    ["an HTTP request", Buffer.from(upgradeRequest())],
  ];

  it.each(breaches)("%s", async (_name, bad) => {
    const { lobby, port } = await lobbyHere();
    const comingGood = lobby.hears();
    const good = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    good.start(new Recorder());
    const goodEnd = await comingGood;
    const comingBad = lobby.hears();
    const raw = await Raw.upgraded(port);
    const badEnd = await comingBad;
    badEnd.channel.admit();
    raw.write(bad);
    expect(await badEnd.recorder.end()).toMatchObject({ clean: false });
    expect(badEnd.recorder.messages).toEqual([]);
    await raw.closed;
    good.send(bytes("still here"));
    await goodEnd.recorder.first(1);
    expect(goodEnd.recorder.ends).toEqual([]);
  });

  it("so does a breach by the side that was dialled", async () => {
    const { lobby, port } = await lobbyHere();
    const coming = lobby.next();
    const dialled = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    const recorder = new Recorder();
    dialled.start(recorder);
    dialled.send(new Uint8Array(5000));
    (await coming).start(new Recorder());
    expect(await recorder.end()).toMatchObject({ clean: false });
  });
});

describe("the frames of a dialled channel", () => {
  /** A channel to a WebSocket server that is none of ours, and what comes to that server. */
  async function tapped(): Promise<{ channel: Channel; server: Ws; until: Until }> {
    const upgrades = new WebSocketServer({ port: 0, handleProtocols: () => "troupe.1" });
    await once(upgrades, "listening");
    onTestFinished(() => {
      for (const client of upgrades.clients) client.terminate();
      upgrades.close();
    });
    const connected = once(upgrades, "connection");
    const { port } = upgrades.address() as AddressInfo;
    const channel = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    const [server, request] = await connected;
    let came = Buffer.alloc(0);
    // Ahead of `ws`, which unmasks in place.
    request.socket.prependListener("data", (chunk: Buffer) => {
      came = Buffer.concat([came, chunk]);
    });
    const until: Until = async (length) => {
      while (came.length < length) await once(request.socket, "data");
      return came;
    };
    return { channel, server, until };
  }
  type Until = (length: number) => Promise<Buffer>;

  it("have a mask of zeros when they are messages, so that the bytes leave as they are", async () => {
    const { channel, until } = await tapped();
    channel.send(bytes("sealed"));
    expect(await until(12)).toEqual(
      Buffer.concat([Buffer.from("828600000000", "hex"), Buffer.from("sealed")]),
    );
    channel.abort();
  });

  it.each<[string, (server: Ws) => void]>([
    ["a ping", (server) => server.ping("GET / HTTP/1.1")],
    ["a goodbye", (server) => server.close(1000, "GET / HTTP/1.1")],
  ])("have a random mask when they answer %s, whose text another chose", async (_name, provoke) => {
    const { channel, server, until } = await tapped();
    channel.send(bytes("before"));
    await until(12);
    provoke(server);
    const answer = (await until(12 + 6 + 14)).subarray(12);
    expect(answer.readUInt32BE(2)).not.toBe(0);
    expect(answer.includes("GET")).toBe(false);
    channel.abort();
  });
});

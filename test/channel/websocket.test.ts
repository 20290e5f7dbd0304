import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocketServer, WebSocket as Ws } from "ws";
import { attach, listen } from "../../src/channel/listen.ts";
import { openWebSocket } from "../../src/channel/websocket.ts";
import { channelContract } from "./contract.ts";
import { Recorder } from "./recorder.ts";
import { dialing, LIMITS, Lobby, openLobby } from "./sockets.ts";

/** The class of `ws` has the standard's interface, and Node 20 has no WebSocket of its own. */
const Standard = Ws as unknown as typeof WebSocket;

channelContract("standard WebSocket, the dialled end first", async (limits) => {
  const { lobby, listener, port } = await openLobby({}, limits);
  const coming = lobby.next();
  const url = new URL(`ws://127.0.0.1:${port}`);
  const near = await openWebSocket(url, dialing({}, limits), Standard);
  return { near, far: await coming, dispose: () => listener.close() };
});

channelContract("standard WebSocket, the accepted end first", async (limits) => {
  const { lobby, listener, port } = await openLobby({}, limits);
  const coming = lobby.next();
  const url = new URL(`ws://127.0.0.1:${port}`);
  const far = await openWebSocket(url, dialing({}, limits), Standard);
  return { near: await coming, far, dispose: () => listener.close() };
});

/** A WebSocket server that is none of ours. */
async function foreignServer(
  protocol: string | false,
): Promise<{ url: URL; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, handleProtocols: () => protocol });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`), server };
}

describe("dialling by the standard WebSocket", () => {
  it("leaves the fragment of an address, which names a key, out of the URL", async () => {
    const { lobby, listener, port } = await openLobby();
    onTestFinished(() => listener.close());
    const coming = lobby.next();
    const url = new URL(`ws://127.0.0.1:${port}/#0123`);
    const channel = await openWebSocket(url, dialing(), Standard);
    expect(channel.remote).toBe(`127.0.0.1:${port}`);
    (await coming).abort();
  });

  it("says what can be the matter when nobody answers", async () => {
    const { listener, port } = await openLobby();
    await listener.close();
    const url = new URL(`ws://127.0.0.1:${port}`);
    await expect(openWebSocket(url, dialing(), Standard)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("nothing listens there"),
    });
  });

  it("refuses an address that is not a WebSocket's", async () => {
    await expect(
      openWebSocket(new URL("http://127.0.0.1:1"), dialing(), Standard),
    ).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });

  it("says so when the platform refuses to open one", async () => {
    const Refusing = class {
      constructor() {
        throw new Error("an https: page may not");
      }
    } as unknown as typeof WebSocket;
    const attempt = openWebSocket(new URL("ws://127.0.0.1:1"), dialing(), Refusing);
    await expect(attempt).rejects.toMatchObject({
      code: "BAD_ARGUMENT",
      message: expect.stringContaining("an https: page may not"),
    });
  });

  it("refuses a server that speaks something else", async () => {
    const { url } = await foreignServer("chat");
    await expect(openWebSocket(url, dialing(), Standard)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
    });
  });

  it("rejects with the signal's reason, at once or when it is aborted", async () => {
    const silent = createServer();
    silent.on("upgrade", () => {});
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const url = new URL(`ws://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    const early = { ...dialing(), signal: AbortSignal.abort("early") };
    await expect(openWebSocket(url, early, Standard)).rejects.toBe("early");
    const control = new AbortController();
    const options = { ...dialing(), signal: control.signal };
    const attempt = openWebSocket(url, options, Standard);
    const [, socket] = await once(silent, "upgrade");
    control.abort("enough");
    await expect(attempt).rejects.toBe("enough");
    socket.resume();
    await once(socket, "end");
    socket.destroy();
  });

  it("leaves no timer when the channel has closed", async () => {
    const { lobby, listener, port } = await openLobby();
    onTestFinished(() => listener.close());
    const coming = lobby.hears();
    const url = new URL(`ws://127.0.0.1:${port}`);
    const channel = await openWebSocket(url, dialing(), Standard);
    const recorder = new Recorder();
    channel.start(recorder);
    const accepted = await coming;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    channel.close();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await Promise.all([recorder.end(), accepted.recorder.end()]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cuts the channel at a text message", async () => {
    const { url, server } = await foreignServer("troupe.1");
    server.on("connection", (socket) => socket.send("text"));
    const channel = await openWebSocket(url, dialing(), Standard);
    const recorder = new Recorder();
    channel.start(recorder);
    expect((await recorder.end()).reason).toContain("a text message came");
  });

  it("says so when the other side ends it with an error", async () => {
    const { url, server } = await foreignServer("troupe.1");
    server.on("connection", (socket) => socket.close(1011));
    const channel = await openWebSocket(url, dialing(), Standard);
    const recorder = new Recorder();
    channel.start(recorder);
    expect(await recorder.end()).toEqual({
      clean: false,
      reason: "the connection was lost (close code 1011)",
    });
  });
});

describe("listening where it cannot be", () => {
  it("is refused in words", async () => {
    const refusal = { code: "BAD_ARGUMENT", message: expect.stringContaining("cannot listen") };
    await expect(listen({ port: 0 }, new Lobby(), LIMITS)).rejects.toMatchObject(refusal);
    expect(() => attach(new Lobby(), LIMITS)).toThrow(expect.objectContaining(refusal));
  });
});

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { dial } from "../../src/channel/dial.node.ts";
import { attach, listen } from "../../src/channel/listen.node.ts";
import type { Listener, ListenOptions } from "../../src/channel/listening.ts";
import { certificate } from "../support/certificate.ts";
import { bytes } from "./recorder.ts";
import { dialing, frame, LIMITS, Lobby, Raw, upgradeRequest } from "./sockets.ts";

/** A server of the user's that says "mine" to plain requests. */
function userServer(): Server {
  const server = createServer((_request, response) => response.end("mine"));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function join(options: ListenOptions): Promise<{ lobby: Lobby; listener: Listener }> {
  const lobby = new Lobby();
  const listener = await listen(options, lobby, LIMITS);
  onTestFinished(async () => {
    for (const channel of lobby.accepted) channel.abort();
    await listener.close();
  });
  return { lobby, listener };
}

async function answered(port: number, request: string): Promise<number> {
  const raw = await Raw.open(port);
  raw.write(request);
  return raw.status();
}

/** Takes upgrades as a user's own listener might. */
function answerTeapot(_request: unknown, socket: Duplex): void {
  socket.end("HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\n\r\n");
}

describe("on a server of the user's", () => {
  it("takes upgrades and leaves plain requests alone", async () => {
    const server = userServer();
    const port = await listening(server);
    const { lobby, listener } = await join({ server });
    expect([listener.port, listener.scheme]).toEqual([port, "ws"]);
    const coming = lobby.hears();
    const channel = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    channel.send(bytes("hello"));
    const { recorder } = await coming;
    await recorder.first(1);
    expect(lobby.times).toEqual([LIMITS.handshakeTime]);
    const plain = await fetch(`http://127.0.0.1:${port}/`);
    expect(await plain.text()).toBe("mine");
    channel.abort();
  });

  it("takes them over TLS", async () => {
    const server = createTlsServer(certificate);
    onTestFinished(() => void server.close());
    const { lobby, listener } = await join({ server, port: 0, host: "127.0.0.1" });
    expect(listener.scheme).toBe("wss");
    const coming = lobby.next();
    const url = new URL(`wss://127.0.0.1:${listener.port}`);
    const channel = await dial(url, dialing({ ca: certificate.cert }));
    await coming;
    channel.abort();
  });

  it("makes it listen when it is given a port", async () => {
    const server = userServer();
    const { listener } = await join({ server, port: 0, host: "127.0.0.1" });
    expect(server.listening).toBe(true);
    expect(listener.port).toBe((server.address() as AddressInfo).port);
  });

  it("knows the port of one that begins to listen by itself", async () => {
    const server = userServer();
    const { listener } = await join({ server });
    expect(listener.port).toBe(0);
    expect(listener.port === (await listening(server))).toBe(false);
    expect(listener.port).toBe((server.address() as AddressInfo).port);
  });

  it("leaves other paths and other subprotocols to the user's upgrade listeners", async () => {
    const server = userServer();
    const port = await listening(server);
    const { lobby } = await join({ server, path: "/mesh" });
    server.on("upgrade", (request, socket) => {
      if (request.url !== "/mesh" || request.headers["sec-websocket-protocol"] === "chat") {
        answerTeapot(request, socket);
      }
    });
    expect(await answered(port, upgradeRequest("/other"))).toBe(418);
    const chat = upgradeRequest("/mesh", { "Sec-WebSocket-Protocol": "chat" });
    expect(await answered(port, chat)).toBe(418);
    const coming = lobby.next();
    const channel = await dial(new URL(`ws://127.0.0.1:${port}/mesh`), dialing());
    await coming;
    channel.abort();
  });

  it("refuses them when the user has no upgrade listener", async () => {
    const server = userServer();
    const port = await listening(server);
    await join({ server, path: "/mesh" });
    expect(await answered(port, upgradeRequest("/other"))).toBe(404);
    const chat = upgradeRequest("/mesh", { "Sec-WebSocket-Protocol": "chat" });
    expect(await answered(port, chat)).toBe(400);
  });

  it("shares it with another peer, and refuses once what neither wants", async () => {
    const server = userServer();
    const port = await listening(server);
    const first = await join({ server, path: "/one" });
    const second = await join({ server, path: "/two" });
    for (const [path, { lobby }] of [
      ["/one", first],
      ["/two", second],
    ] as const) {
      const coming = lobby.next();
      await dial(new URL(`ws://127.0.0.1:${port}${path}`), dialing());
      await coming;
    }
    expect(await answered(port, upgradeRequest("/three"))).toBe(404);
    await first.listener.close();
    expect(await answered(port, upgradeRequest("/one"))).toBe(404);
    expect([first.lobby.accepted.length, second.lobby.accepted.length]).toEqual([1, 1]);
  });

  it("does not mind a socket that another listener has upgraded", async () => {
    const server = userServer();
    const port = await listening(server);
    const other = new Lobby();
    const greedy = attach(other, LIMITS);
    server.on("upgrade", (request, socket, head) => greedy.handleUpgrade(request, socket, head));
    const { lobby } = await join({ server });
    const coming = other.next();
    const channel = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    await coming;
    expect(lobby.accepted).toEqual([]);
    channel.abort();
  });

  it("counts bytes from the upgrade on, whatever the connection carried before", async () => {
    const server = userServer();
    const port = await listening(server);
    const { lobby } = await join({ server });
    const coming = lobby.hears();
    const raw = await Raw.open(port);
    raw.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n${"x".repeat(8000)}`);
    await once(raw.socket, "data");
    raw.write(Buffer.concat([Buffer.from(upgradeRequest()), frame(new Uint8Array(3000))]));
    const { recorder } = await coming;
    await recorder.first(1);
    raw.write(frame(new Uint8Array(1000)));
    expect((await recorder.end()).reason).toContain("more than 4096 bytes");
  });

  it("leaves it as it was when it is closed", async () => {
    const server = userServer();
    const before = server.eventNames().map((name) => [name, server.listenerCount(name)]);
    const { listener } = await join({ server, port: 0, host: "127.0.0.1" });
    await listener.close();
    expect(server.eventNames().map((name) => [name, server.listenerCount(name)])).toEqual(before);
    expect(server.listening).toBe(true);
  });

  it("refuses a port that is not the one it listens on", async () => {
    const server = userServer();
    const port = await listening(server);
    await expect(join({ server, port: port === 1 ? 2 : 1 })).rejects.toMatchObject({
      code: "BAD_ARGUMENT",
      message: expect.stringContaining(`listens on port ${port} already`),
    });
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  it("tells when the port that it was given is in use, and leaves it as it was", async () => {
    const port = await listening(userServer());
    const server = userServer();
    const before = server.eventNames();
    await expect(join({ server, port, host: "127.0.0.1" })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
    });
    expect(server.eventNames()).toEqual(before);
  });

  it("refuses what is no server, and ssl beside one", async () => {
    const none = {} as unknown as Server;
    await expect(join({ server: none })).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
    const both = { server: userServer(), ssl: certificate };
    await expect(join(both)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });
});

describe("without a server", () => {
  async function attached(options?: Pick<ListenOptions, "path" | "origins">): Promise<{
    lobby: Lobby;
    listener: Listener;
    port: number;
  }> {
    const server = userServer();
    const port = await listening(server);
    const lobby = new Lobby();
    const listener = attach(lobby, LIMITS, options);
    server.on("upgrade", (request, socket, head) => listener.handleUpgrade(request, socket, head));
    onTestFinished(() => {
      for (const channel of lobby.accepted) channel.abort();
    });
    return { lobby, listener, port };
  }

  it("takes the upgrades it is handed, head and all", async () => {
    const { lobby, listener, port } = await attached();
    expect([listener.port, listener.scheme]).toEqual([0, "ws"]);
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port, frame("in the head"));
    const { recorder } = await coming;
    await recorder.first(1);
    expect(recorder.texts).toEqual(["in the head"]);
    raw.socket.destroy();
  });

  it("refuses what does not fit, since it was handed over", async () => {
    const { port } = await attached({ path: "/mesh" });
    expect(await answered(port, upgradeRequest("/other"))).toBe(404);
  });

  it("answers 503 once it is closed", async () => {
    const { listener, port } = await attached();
    await listener.close();
    expect(await answered(port, upgradeRequest())).toBe(503);
  });

  it("refuses what is no upgrade, and a socket that is taken", async () => {
    const { lobby, listener } = await attached();
    const refusal = expect.objectContaining({ code: "BAD_ARGUMENT" });
    expect(() => listener.handleUpgrade({}, {}, bytes(""))).toThrow(refusal);
    const server = userServer();
    const port = await listening(server);
    const errors: unknown[] = [];
    server.on("upgrade", (request, socket, head) => {
      listener.handleUpgrade(request, socket, head);
      try {
        listener.handleUpgrade(request, socket, head);
      } catch (error) {
        errors.push(error);
      }
    });
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    const { channel, recorder } = await coming;
    channel.admit();
    expect(errors).toEqual([refusal]);
    raw.write(frame(new Uint8Array(5000)));
    await recorder.first(1);
    raw.socket.destroy();
  });

  it("checks its options", () => {
    expect(() => attach(new Lobby(), LIMITS, { path: "mesh" })).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });
});

import { createHash } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { dial } from "../../src/channel/dial.node.ts";
import { refused, unreachable } from "../../src/channel/dial-failure.ts";
import { certificate } from "../support/certificate.ts";
import { Recorder } from "./recorder.ts";
import { dialing, frame, openLobby } from "./sockets.ts";

const HOST = "127.0.0.1";

/** A TCP server that does as it is told with each connection. */
async function tcpServer(handle: (socket: Socket) => void): Promise<{ url: URL; server: Server }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    handle(socket);
  });
  server.listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}`), server };
}

/** An HTTP server that answers every request, upgrades included, with one status. */
async function httpServer(status: number): Promise<URL> {
  const server = createHttpServer((_request, response) => response.writeHead(status).end("no"));
  server.listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}/there`);
}

function failsWith(...words: string[]): Record<string, unknown> {
  return {
    code: "CONNECT_FAILED",
    message: expect.stringMatching(new RegExp(words.join(".*"), "s")),
  };
}

describe("a dial that fails says why", () => {
  it("when nothing listens there", async () => {
    const { listener, port } = await openLobby();
    await listener.close();
    const attempt = dial(new URL(`ws://${HOST}:${port}`), dialing());
    await expect(attempt).rejects.toMatchObject(failsWith("nothing listens at", String(port)));
  });

  it("when none of the addresses of a name answers", async () => {
    const { listener, port } = await openLobby();
    await listener.close();
    const attempt = dial(new URL(`ws://localhost:${port}`), dialing());
    await expect(attempt).rejects.toMatchObject(failsWith("nothing listens at", "localhost"));
  });

  it.each([
    [503, "is full"],
    [403, "refuses this Origin"],
    [404, "no peer at the path /there"],
    [400, "does not speak troupe.1"],
    [426, "does not speak troupe.1"],
    [301, "answered HTTP 301"],
    [200, "answered HTTP 200"],
  ])("when it is answered with HTTP %i", async (status, words) => {
    await expect(dial(await httpServer(status), dialing())).rejects.toMatchObject(failsWith(words));
  });

  it.each([false, "chat"] as const)("when the subprotocol chosen is %s", async (protocol) => {
    const server = new WebSocketServer({ port: 0, handleProtocols: () => protocol });
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}`);
    await expect(dial(url, dialing())).rejects.toMatchObject(failsWith("does not speak troupe.1"));
  });

  it("when the other side does not speak HTTP", async () => {
    const { url } = await tcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"));
    await expect(dial(url, dialing())).rejects.toMatchObject(failsWith("does not speak HTTP"));
  });

  it("when the other side hangs up", async () => {
    const { url } = await tcpServer((socket) => socket.destroy());
    await expect(dial(url, dialing())).rejects.toMatchObject(failsWith("hung up"));
  });

  it("when TLS is spoken to a peer without TLS, and the other way round", async () => {
    const plain = await openLobby();
    const secure = await openLobby({ ssl: certificate });
    onTestFinished(() => Promise.all([plain.listener.close(), secure.listener.close()]).then());
    const toPlain = dial(new URL(`wss://${HOST}:${plain.port}`), dialing());
    await expect(toPlain).rejects.toMatchObject(failsWith("TLS|hung up", "whether it is ws:"));
    const toSecure = dial(new URL(`ws://${HOST}:${secure.port}`), dialing());
    await expect(toSecure).rejects.toMatchObject(failsWith("HTTP|hung up", "whether it is wss:"));
  });

  it("when the certificate is not trusted, whatever the environment says", async () => {
    const { listener, port } = await openLobby({ ssl: certificate });
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    onTestFinished(async () => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
      await listener.close();
    });
    await expect(dial(new URL(`wss://${HOST}:${port}`), dialing())).rejects.toMatchObject(
      failsWith("certificate of wss:", "DEPTH_ZERO_SELF_SIGNED_CERT", "`ca`"),
    );
  });

  it("when the certificate is made for another name", async () => {
    const { listener, port } = await openLobby({ ssl: certificate });
    onTestFinished(() => listener.close());
    const client = { ca: certificate.cert, servername: "elsewhere.example" };
    await expect(dial(new URL(`wss://${HOST}:${port}`), dialing(client))).rejects.toMatchObject(
      failsWith("certificate of wss:", "ERR_TLS_CERT_ALTNAME_INVALID"),
    );
  });

  it.each([
    ["ENOTFOUND", "host name example.org is not known"],
    ["EHOSTUNREACH", "cannot be reached"],
    ["CERT_HAS_EXPIRED", "certificate"],
    ["SOMETHING", "cannot connect to ws://example.org:1: the text"],
  ])("when the system says %s", (code, words) => {
    const error = Object.assign(new Error("the text"), { code });
    expect(unreachable(new URL("ws://example.org:1/x"), error)).toMatchObject({
      ...failsWith(words),
      cause: error,
    });
  });

  it("without a cause when HTTP has told it all", () => {
    expect("cause" in refused(new URL("ws://example.org"), 503)).toBe(false);
  });
});

describe("a dial", () => {
  it.each(["http://127.0.0.1:1", "tcp://127.0.0.1:1"])("refuses %s", async (address) => {
    await expect(dial(new URL(address), dialing())).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });

  it("refuses client options that cannot be", async () => {
    const client = { headers: { "X-Bad": "a\r\nb" } };
    await expect(dial(new URL("ws://127.0.0.1:1"), dialing(client))).rejects.toMatchObject({
      code: "BAD_ARGUMENT",
    });
  });

  it("passes client options on, but not those that are the library's", async () => {
    const server = createHttpServer();
    server.listen(0, HOST);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}`);
    const hooked: string[] = [];
    const attempt = dial(
      url,
      dialing({
        headers: { "X-Mine": "yes" },
        perMessageDeflate: true,
        protocol: "chat",
        protocols: ["chat"],
        finishRequest: (request: { end: () => void }) => {
          hooked.push("finishRequest");
          request.end();
        },
      }),
    );
    attempt.catch(() => {});
    const [request, socket] = await once(server, "upgrade");
    socket.destroy();
    await expect(attempt).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(request.headers).toMatchObject({
      "x-mine": "yes",
      "sec-websocket-protocol": "troupe.1",
    });
    expect(request.headers).not.toHaveProperty("sec-websocket-extensions");
    expect(hooked).toEqual(["finishRequest"]);
  });

  it("does not let client options lift the limit of a message", async () => {
    const { lobby, listener, port } = await openLobby();
    onTestFinished(() => listener.close());
    const coming = lobby.next();
    const limits = { handshakeBytes: 4096, messageBytes: 1000, highWater: 1000 };
    const url = new URL(`ws://${HOST}:${port}`);
    const channel = await dial(url, dialing({ maxPayload: 1_000_000 }, limits));
    const recorder = new Recorder();
    channel.start(recorder);
    channel.admit();
    (await coming).send(new Uint8Array(1001));
    expect(await recorder.end()).toEqual({ clean: false, reason: "Max payload size exceeded" });
  });

  it("leaves the fragment of an address out of the request", async () => {
    const { lobby, listener, port } = await openLobby({ path: "/mesh" });
    onTestFinished(() => listener.close());
    const coming = lobby.next();
    const channel = await dial(new URL(`ws://${HOST}:${port}/mesh?x=1#0123`), dialing());
    expect(channel.remote).toBe(`${HOST}:${port}`);
    (await coming).abort();
  });

  it("opens a channel over TLS to a certificate that it was given", async () => {
    const { lobby, listener, port } = await openLobby({ ssl: certificate });
    onTestFinished(() => listener.close());
    expect(listener.scheme).toBe("wss");
    const coming = lobby.hears();
    const url = new URL(`wss://localhost:${port}`);
    const client = { ca: certificate.cert, family: 4 };
    const channel = await dial(url, dialing(client));
    channel.send(new Uint8Array([1, 2, 3]));
    const { recorder } = await coming;
    expect(await recorder.first(1)).toEqual([Uint8Array.of(1, 2, 3)]);
    channel.abort();
  });

  it("is given up when its signal is aborted, and leaves no socket", async () => {
    const { url, server } = await tcpServer(() => {});
    const control = new AbortController();
    const attempt = dial(url, { ...dialing(), signal: control.signal });
    const [socket] = await once(server, "connection");
    control.abort("enough");
    await expect(attempt).rejects.toBe("enough");
    socket.resume();
    await once(socket, "close");
    expect(getEventListeners(control.signal, "abort")).toEqual([]);
  });

  it("is not begun when its signal is aborted already", async () => {
    const { url, server } = await tcpServer(() => {});
    let connections = 0;
    server.on("connection", () => connections++);
    const options = { ...dialing(), signal: AbortSignal.abort("early") };
    await expect(dial(url, options)).rejects.toBe("early");
    await new Promise((closed) => server.close(closed));
    expect(connections).toBe(0);
  });

  it("leaves no listener on its signal when it succeeds", async () => {
    const { lobby, listener, port } = await openLobby();
    onTestFinished(() => listener.close());
    const coming = lobby.next();
    const options = dialing();
    await dial(new URL(`ws://${HOST}:${port}`), options);
    expect(getEventListeners(options.signal, "abort")).toEqual([]);
    (await coming).abort();
  });
});

describe("a dialled server may not send more than a stranger may", () => {
  it("in headers", async () => {
    const { url } = await tcpServer((socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nX: ${"x".repeat(5000)}`);
    });
    await expect(dial(url, dialing())).rejects.toMatchObject(failsWith("more than 4096 bytes"));
  });

  it("in answers that are none", async () => {
    const { url } = await tcpServer((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(200));
    });
    await expect(dial(url, dialing())).rejects.toMatchObject(failsWith("more than 4096 bytes"));
  });

  it("in the upgrade and the messages that follow, taken together", async () => {
    const server = createHttpServer();
    server.on("upgrade", (_request, socket) => socket.on("error", () => {}));
    const upgrades = new WebSocketServer({ server, handleProtocols: () => "troupe.1" });
    upgrades.on("connection", (socket) => {
      for (let i = 0; i < 4; i++) socket.send(Buffer.alloc(1000));
    });
    server.listen(0, HOST);
    await once(server, "listening");
    onTestFinished(() => {
      for (const client of upgrades.clients) client.terminate();
      server.close();
    });
    const url = new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}`);
    const channel = await dial(url, dialing());
    const recorder = new Recorder();
    channel.start(recorder);
    expect((await recorder.end()).reason).toContain("more than 4096 bytes");
  });

  it("but what comes in one piece with the upgrade is counted once", async () => {
    const server = createHttpServer();
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      const answer = [
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: websocket",
        `Sec-WebSocket-Accept: ${accept}`,
        "Sec-WebSocket-Protocol: troupe.1",
        "\r\n",
      ].join("\r\n");
      const message = frame(new Uint8Array(3000), { masked: false });
      socket.write(Buffer.concat([Buffer.from(answer), message]));
    });
    server.listen(0, HOST);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = new URL(`ws://${HOST}:${(server.address() as AddressInfo).port}`);
    const channel = await dial(url, dialing());
    const recorder = new Recorder();
    channel.start(recorder);
    expect((await recorder.first(1))[0]).toHaveLength(3000);
    expect(recorder.ends).toEqual([]);
    channel.abort();
  });

  it("nor break the WebSocket protocol", async () => {
    const upgrades = new WebSocketServer({ port: 0, handleProtocols: () => "troupe.1" });
    await once(upgrades, "listening");
    upgrades.on("connection", (_socket, request) => request.socket.write(frame("masked")));
    onTestFinished(() => {
      for (const client of upgrades.clients) client.terminate();
      upgrades.close();
    });
    const url = new URL(`ws://${HOST}:${(upgrades.address() as AddressInfo).port}`);
    const channel = await dial(url, dialing());
    const recorder = new Recorder();
    channel.start(recorder);
    expect((await recorder.end()).reason).toContain("MASK must be clear");
  });
});

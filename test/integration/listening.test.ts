import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type ConnectOptions, type ListenOptions, type Peer, TroupeError } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { frame, Raw, upgradeRequest } from "../channel/sockets.ts";
import { certificate } from "../support/certificate.ts";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, join, listening, newPeer, next, rejection } from "../support/mesh.ts";

const { cert } = certificate;
const briefly = { permanent: false };

/** An HTTP server of the user's on a free port, which answers plain requests itself. */
async function openServer(tls = false): Promise<{
  server: ReturnType<typeof createServer>;
  port: number;
}> {
  const answer = (_request: unknown, response: { end(text: string): void }): void =>
    response.end("mine");
  const server = tls ? createTlsServer(certificate, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

/** A role to be called, and the call. */
function serve(peer: Peer): Peer {
  peer.role("svc").onRequest("do", () => "done");
  return peer;
}

async function expectServed(address: string, client: object = {}): Promise<void> {
  const peer = newPeer();
  await peer.connect(address, { ...briefly, ...client });
  expect((await peer.destination("svc").request("do")).data).toBe("done");
}

describe("a peer listens", () => {
  it("on a port of its own choice, and tells which", async () => {
    const peer = serve(newPeer());
    expect(peer.port).toBeUndefined();
    expect(await peer.listen(0)).toBe(peer);
    expect(peer.port).toBeGreaterThan(0);
    await expectServed(`ws://localhost:${peer.port}`);
  });

  it("and tells its address to others when it was told its host", async () => {
    const anywhere = await newPeer().listen(0);
    expect(anywhere.addresses).toEqual([]);
    const here = await newPeer().listen({ port: 0, host: "127.0.0.1", path: "/mesh" });
    expect(here.addresses).toEqual([`ws://127.0.0.1:${here.port}/mesh`]);
    const six = await newPeer().listen({ port: 0, host: "::1" });
    expect(six.addresses).toEqual([`ws://[::1]:${six.port}`]);
  });

  it("on TLS, which a dialer verifies unless it says otherwise", async () => {
    const peer = serve(newPeer());
    await peer.listen({ port: 0, host: "127.0.0.1", ssl: certificate });
    const address = `wss://127.0.0.1:${peer.port}`;
    expect(peer.addresses).toEqual([address]);
    await expectServed(address, { ca: cert });
    expect(await rejection(newPeer().connect(address, briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "is not trusted"),
    );
    await expectServed(address, { rejectUnauthorized: false });
  });

  it("on a server of the user's, at a path, beside everything else there", async () => {
    const { server, port } = await openServer();
    const peer = serve(newPeer());
    await peer.listen({ server, path: "/mesh" });
    expect(peer.port).toBe(port);
    await expectServed(`ws://127.0.0.1:${port}/mesh?x=1`);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("mine");
    expect(await rejection(newPeer().connect(`ws://127.0.0.1:${port}/other`, briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "no peer at the path /other"),
    );
    await peer.close();
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("mine");
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  it("on an HTTPS server of the user's", async () => {
    const { server, port } = await openServer(true);
    await serve(newPeer()).listen({ server });
    await expectServed(`wss://127.0.0.1:${port}`, { ca: cert });
  });

  it("twice on one server, each peer at its own path", async () => {
    const { server, port } = await openServer();
    const [one, two] = [newPeer({ name: "one" }), newPeer({ name: "two" })];
    await one.listen({ server, path: "/one" });
    await two.listen({ server, path: "/two" });
    const client = newPeer();
    const units = [
      (await client.connect(`ws://127.0.0.1:${port}/one`)).unit,
      (await client.connect(`ws://127.0.0.1:${port}/two`)).unit,
    ];
    expect(units.map(({ name }) => name)).toEqual(["one", "two"]);
  });

  it("to upgrades it is handed by prepareWSServer() and handleUpgrade()", async () => {
    const { server, port } = await openServer();
    const peer = serve(newPeer()).prepareWSServer();
    server.on("upgrade", (request, socket, head) => peer.handleUpgrade(request, socket, head));
    await expectServed(`ws://127.0.0.1:${port}`);
    await peer.close();
    expect(await rejection(newPeer().connect(`ws://127.0.0.1:${port}`, briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "is full"),
    );
  });
});

describe("what cannot be listened to has its own error:", () => {
  it("a port that is in use is ADDRESS_IN_USE, and another one may be tried", async () => {
    const first = await listening();
    const second = newPeer();
    const place = { port: first.port ?? 0, host: "127.0.0.1" };
    expect(await rejection(second.listen(place))).toEqual(isTroupeError("ADDRESS_IN_USE"));
    await second.listen({ port: 0, host: "127.0.0.1" });
    await join(newPeer(), second);
  });

  it.each<[string, ListenOptions | number]>([
    ["a port that is none", 65_536],
    ["a port that is a text", "9000" as never],
    ["a host that is not here", { port: 0, host: "192.0.2.1" }],
    ["a path without a slash", { port: 0, path: "mesh" }],
    ["neither port nor server", {}],
    ["TLS without a certificate", { port: 0, ssl: {} }],
    ["TLS with a broken one", { port: 0, ssl: { cert: "no", key: "no" } }],
    ["a server that is none", { server: {} as never }],
    ["origins that are none", { port: 0, origins: "https://a.example" as never }],
  ])("%s is BAD_ARGUMENT", async (_what, options) => {
    expect(await rejection(newPeer().listen(options))).toEqual(isTroupeError("BAD_ARGUMENT"));
  });

  it("a second time is BAD_ARGUMENT, also while the first one is under way", async () => {
    const peer = newPeer();
    const first = peer.listen({ port: 0, host: "127.0.0.1" });
    expect(await rejection(peer.listen(0))).toEqual(isTroupeError("BAD_ARGUMENT", "already"));
    await first;
    expect(await rejection(peer.listen(0))).toEqual(isTroupeError("BAD_ARGUMENT", "already"));
    expect(() => peer.prepareWSServer()).toThrow(isTroupeError("BAD_ARGUMENT", "already"));
    await join(newPeer(), peer);
  });

  it("upgrades that nobody prepared for are BAD_ARGUMENT", () => {
    expect(() => newPeer().handleUpgrade({}, {}, new Uint8Array())).toThrow(
      isTroupeError("BAD_ARGUMENT", "prepareWSServer"),
    );
    expect(() => newPeer().prepareWSServer().handleUpgrade({}, {}, new Uint8Array())).toThrow(
      isTroupeError("BAD_ARGUMENT", "upgrade"),
    );
  });

  it("a peer that is closed is CLOSED", async () => {
    const peer = newPeer();
    await peer.close();
    expect(await rejection(peer.listen(0))).toEqual(isTroupeError("CLOSED"));
    expect(() => peer.prepareWSServer()).toThrow(isTroupeError("CLOSED"));
  });

  it("a peer that is closed meanwhile is CLOSED, and listens to nobody afterwards", async () => {
    const { port } = await listening().then(async (peer) => {
      const place = { port: peer.port ?? 0 };
      await peer.close();
      return place;
    });
    const peer = newPeer();
    const starting = rejection(peer.listen({ port, host: "127.0.0.1" }));
    await peer.close();
    expect(await starting).toEqual(isTroupeError("CLOSED"));
    expect(peer.port).toBeUndefined();
    await newPeer().listen({ port, host: "127.0.0.1" });
  });
});

describe("a stranger", () => {
  it("that is a page of another site is refused by its Origin, unless it is allowed", async () => {
    const closed = await listening();
    const open = newPeer();
    const origins = ["https://app.example"];
    await open.listen({ port: 0, host: "127.0.0.1", origins });
    const from = (Origin: string): ConnectOptions => ({ ...briefly, headers: { Origin } });
    const evil = from("https://evil.example");
    const good = from("https://app.example");
    const refused = isTroupeError("CONNECT_FAILED", "refuses this Origin");
    expect(await rejection(newPeer().connect(addressOf(closed), good))).toEqual(refused);
    expect(await rejection(newPeer().connect(addressOf(open), evil))).toEqual(refused);
    await newPeer().connect(addressOf(open), good);
  });

  it("that finds as many connections as the peer takes gets 503, before the upgrade", async () => {
    const server = await listening({ limits: { connections: 2 } });
    const first = newPeer();
    const { back } = await join(first, server, briefly);
    await join(newPeer(), server);
    const raw = await Raw.open(server.port ?? 0);
    raw.write(upgradeRequest());
    expect(await raw.status()).toBe(503);
    expect(await rejection(newPeer().connect(addressOf(server), briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "is full"),
    );
    const closed = next(back, "close");
    await first.close();
    await closed;
    await join(newPeer(), server);
  });

  it("that comes while the peer drains gets 503, and nobody is left waiting", async () => {
    const { server, port } = await openServer();
    const peer = serve(newPeer()).prepareWSServer();
    server.on("upgrade", (request, socket, head) => peer.handleUpgrade(request, socket, head));
    let finish: (value: unknown) => void = () => {};
    peer.role("svc").onRequest("wait", () => new Promise((resolve) => (finish = resolve)));
    const client = newPeer();
    await client.connect(`ws://127.0.0.1:${port}`, briefly);
    const asked = client.destination("svc").request("wait");
    await expect.poll(() => client.units[0]?.load).toBe(1);
    await expect.poll(() => peer.units[0]?.load).toBe(1);
    const closing = peer.close();
    const raw = await Raw.open(port);
    raw.write(upgradeRequest());
    expect(await raw.status()).toBe(503);
    finish("at last");
    expect((await asked).data).toBe("at last");
    await closing;
  });

  it.each<[string, (raw: Raw) => void]>([
    ["rubbish instead of a handshake", (raw) => raw.write(frame("\u0002rubbish"))],
    ["an empty message", (raw) => raw.write(frame(""))],
    ["a text message", (raw) => raw.write(frame("hello", { opcode: 1 }))],
    ["an unknown opcode", (raw) => raw.write(frame("x", { opcode: 3 }))],
    ["a reserved bit", (raw) => raw.write(frame("x", { flags: 0xc0 }))],
    ["an unmasked frame", (raw) => raw.write(frame("x", { masked: false }))],
    ["a fragmented ping", (raw) => raw.write(frame("x", { opcode: 9, flags: 0 }))],
    ["a frame that claims to be endless", (raw) => raw.write(frame("", { declared: 2n ** 62n }))],
    ["a close code that is none", (raw) => raw.write(frame("\u0000\u0001", { opcode: 8 }))],
    ["another version", (raw) => raw.write(frame(Buffer.concat([Buffer.from([1, 1]), KEY])))],
    ["another suite", (raw) => raw.write(frame(Buffer.concat([Buffer.from([2, 9]), KEY])))],
    ["the point of all zeros", (raw) => raw.write(frame(Buffer.concat([HELLO, Buffer.alloc(32)])))],
    [
      "a good beginning and then rubbish",
      (raw) => raw.write(Buffer.concat([frame(Buffer.concat([HELLO, KEY])), frame("rubbish")])),
    ],
    ["a reset", (raw) => raw.socket.resetAndDestroy()],
  ])("that sends %s is cut, and nobody else notices", async (_what, act) => {
    const server = serve(await listening());
    const client = newPeer();
    await join(client, server);
    const raw = await Raw.upgraded(server.port ?? 0);
    act(raw);
    await raw.closed;
    expect(server.units).toHaveLength(1);
    expect((await client.destination("svc").request("do")).data).toBe("done");
    await join(newPeer(), server);
  });

  it("of the wrong version is told so in words", async () => {
    const server = await listening();
    const heard = next(server, "auth_error");
    const socket = new WebSocket(addressOf(server), "troupe.1");
    const answer = new Promise<Buffer>((resolve) => socket.once("message", resolve));
    socket.once("open", () => socket.send(Buffer.concat([Buffer.from([9, 1]), KEY])));
    expect([...(await answer)]).toEqual([2, 0, 1]);
    const [error] = await heard;
    expect(error).toBeInstanceOf(TroupeError);
    expect(error).toEqual(isTroupeError("HANDSHAKE_FAILED", "monte/9"));
  });
});

const KEY = Buffer.alloc(32, 9);
const HELLO = Buffer.from([2, 1]);

import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { dial } from "../../src/channel/dial.node.ts";
import { listen } from "../../src/channel/listen.node.ts";
import type { ListenOptions } from "../../src/channel/listening.ts";
import { certificate } from "../support/certificate.ts";
import { bytes } from "./recorder.ts";
import {
  dialing,
  expectGoodDialer,
  LIMITS,
  Lobby,
  lobbyHere,
  Raw,
  upgradeRequest,
} from "./sockets.ts";

/** What a request is answered with. */
async function answer(port: number, request: string): Promise<{ status: number; text: string }> {
  const raw = await Raw.open(port);
  raw.write(request);
  const status = await raw.status();
  return { status, text: raw.received.toString("latin1") };
}

describe("a server of our own", () => {
  it("picks a free port and tells it", async () => {
    const { lobby, listener, port } = await lobbyHere({ port: 0 });
    expect(port).toBeGreaterThan(0);
    expect(listener.scheme).toBe("ws");
    await expectGoodDialer(lobby, port);
  });

  it.each([
    ["GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["POST with a body to come", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"],
    [
      "a body that is waited for",
      "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    ],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
  ])("answers a plain request with 426 and hangs up: %s", async (_name, request) => {
    const { port } = await lobbyHere();
    const { status, text } = await answer(port, request);
    const statuses = [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]);
    expect([status, statuses.at(-1)]).toContain(statuses.length === 1 ? 426 : "426");
    expect(text).toMatch(/^connection: close/im);
    expect(text).toMatch(/^upgrade: websocket/im);
    expect(text).toContain("This is a Troupe peer");
  });

  it.each([
    ["another path", upgradeRequest("/other"), 404, "No Troupe peer at this path"],
    ["a path below", upgradeRequest("/mesh/x"), 404, "No Troupe peer at this path"],
    [
      "no subprotocol",
      upgradeRequest("/mesh", { "Sec-WebSocket-Protocol": undefined }),
      400,
      "troupe.1",
    ],
    [
      "another subprotocol",
      upgradeRequest("/mesh", { "Sec-WebSocket-Protocol": "chat, troupe.10" }),
      400,
      "troupe.1",
    ],
    [
      "a rubbish subprotocol",
      upgradeRequest("/mesh", { "Sec-WebSocket-Protocol": "troupe.1,," }),
      400,
      "",
    ],
    ["a page's Origin", upgradeRequest("/mesh", { Origin: "https://app.example" }), 403, "Origin"],
    [
      "an Origin by its old name",
      upgradeRequest("/mesh", {
        "Sec-WebSocket-Version": "8",
        "Sec-WebSocket-Origin": "https://app.example",
      }),
      403,
      "Origin",
    ],
    ["no key", upgradeRequest("/mesh", { "Sec-WebSocket-Key": undefined }), 400, ""],
    ["another version", upgradeRequest("/mesh", { "Sec-WebSocket-Version": "7" }), 400, ""],
    ["an upgrade to something else", upgradeRequest("/mesh", { Upgrade: "h2c" }), 400, ""],
    ["another method", upgradeRequest("/mesh").replace("GET", "POST"), 405, ""],
    ["rubbish", "rubbish\r\n\r\n", 400, ""],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
      "",
    ],
  ])("refuses %s", async (_name, request, status, words) => {
    const { lobby, port } = await lobbyHere({ path: "/mesh" });
    const refusal = await answer(port, request);
    expect(refusal.status).toBe(status);
    expect(refusal.text).toContain(words);
    expect(lobby.accepted).toEqual([]);
  });

  it("closes a CONNECT without an answer", async () => {
    const { lobby, port } = await lobbyHere();
    const raw = await Raw.open(port);
    raw.write("CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    await raw.closed;
    await expectGoodDialer(lobby, port);
  });

  it("answers 503 while there is no room, and takes connections again when there is", async () => {
    const { lobby, port } = await lobbyHere();
    lobby.full = true;
    const { status, text } = await answer(port, upgradeRequest());
    expect(status).toBe(503);
    expect(text).toMatch(/^retry-after: 1/im);
    await expect(dial(new URL(`ws://127.0.0.1:${port}`), dialing())).rejects.toMatchObject({
      message: expect.stringContaining("is full"),
    });
    lobby.full = false;
    await expectGoodDialer(lobby, port);
  });

  it("asks for room last, so that a refusal for another reason is told", async () => {
    const { lobby, port } = await lobbyHere({ path: "/mesh" });
    lobby.full = true;
    const foreign = upgradeRequest("/mesh", { Origin: "https://app.example" });
    expect((await answer(port, foreign)).status).toBe(403);
    const elsewhere = upgradeRequest("/x", { "Sec-WebSocket-Protocol": "chat" });
    expect((await answer(port, elsewhere)).status).toBe(404);
  });

  it.each<[string, ListenOptions["origins"], string, number]>([
    [
      "its origin is listed",
      ["https://a.example", "https://app.example"],
      "https://app.example",
      101,
    ],
    ["all are allowed", "*", "https://app.example", 101],
    ["the function says so", (origin) => origin.endsWith(".example"), "https://app.example", 101],
    ["not if another is listed", ["https://app.example"], "https://app.example.evil", 403],
    ["not if the function says no", () => false, "https://app.example", 403],
    [
      "not if the function throws",
      () => {
        throw new Error("oops");
      },
      "https://app.example",
      403,
    ],
    ["not if it is null", ["https://app.example"], "null", 403],
  ])("lets a page in when %s", async (_name, origins, origin, status) => {
    const { port } = await lobbyHere(origins === undefined ? {} : { origins });
    const raw = await Raw.open(port);
    raw.write(upgradeRequest("/", { Origin: origin }));
    await once(raw.socket, "data");
    expect(raw.received.toString()).toContain(`HTTP/1.1 ${status} `);
    raw.socket.destroy();
  });

  it("takes a path with a query, and an offer of several subprotocols", async () => {
    const { lobby, port } = await lobbyHere({ path: "/mesh" });
    const coming = lobby.next();
    const raw = await Raw.open(port);
    raw.write(upgradeRequest("/mesh?a=b", { "Sec-WebSocket-Protocol": "chat, troupe.1" }));
    await coming;
    await once(raw.socket, "data");
    expect(raw.received.toString()).toContain("Sec-WebSocket-Protocol: troupe.1\r\n");
    raw.socket.destroy();
  });

  it("tells the reception how much of the handshake time is left", async () => {
    const { lobby, port } = await lobbyHere();
    const raw = await Raw.open(port);
    const begun = performance.now();
    await new Promise((later) => setTimeout(later, 50));
    const coming = lobby.next();
    raw.write(upgradeRequest());
    await coming;
    expect(lobby.times[0]).toBeLessThanOrEqual(LIMITS.handshakeTime - 49);
    expect(lobby.times[0]).toBeGreaterThan(LIMITS.handshakeTime - (performance.now() - begun) - 50);
    raw.socket.destroy();
  });
});

describe("closing a server of our own", () => {
  it("frees its port, cuts who has not upgraded, and leaves the channels alone", async () => {
    const { lobby, listener, port } = await lobbyHere();
    const coming = lobby.hears();
    const channel = await dial(new URL(`ws://127.0.0.1:${port}`), dialing());
    const { recorder } = await coming;
    const silent = await Raw.open(port);
    const halfway = await Raw.open(port);
    halfway.write(upgradeRequest().slice(0, 40));
    // An answered request shows that those before it are accepted, too.
    await answer(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await listener.close();
    await Promise.all([silent.closed, halfway.closed]);
    const again = await listen({ port, host: "127.0.0.1" }, new Lobby(), LIMITS);
    await again.close();
    channel.send(bytes("still here"));
    await recorder.first(1);
    expect(recorder.ends).toEqual([]);
    channel.abort();
  });

  it("may be done twice", async () => {
    const { listener } = await lobbyHere();
    await listener.close();
    await listener.close();
  });
});

describe("listen refuses", () => {
  it("a port in use", async () => {
    const { port } = await lobbyHere();
    const again = listen({ port, host: "127.0.0.1" }, new Lobby(), LIMITS);
    await expect(again).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
    });
  });

  it.each<[string, ListenOptions, string]>([
    ["a port that is none", { port: 65_536 }, "0 to 65535"],
    ["a negative port", { port: -1 }, "0 to 65535"],
    ["a broken port", { port: 1.5 }, "0 to 65535"],
    ["no port", {}, "needs a port"],
    ["an empty host", { port: 0, host: "" }, "host must be"],
    ["a host that is not this machine's", { port: 0, host: "203.0.113.1" }, "EADDRNOTAVAIL"],
    ["a path without a slash", { port: 0, path: "mesh" }, "path must begin with /"],
    ["a path with a query", { port: 0, path: "/mesh?x" }, "path must begin with /"],
    ["a certificate without a key", { port: 0, ssl: { cert: certificate.cert } }, "cert and key"],
    [
      "a rubbish certificate",
      { port: 0, ssl: { cert: "x", key: "y" } },
      "ssl options cannot be used",
    ],
  ])("%s", async (_name, options, words) => {
    await expect(listen(options, new Lobby(), LIMITS)).rejects.toMatchObject({
      code: "BAD_ARGUMENT",
      message: expect.stringContaining(words),
    });
  });

  it("origins that are none", async () => {
    const options = { port: 0, origins: "https://app.example" } as unknown as ListenOptions;
    await expect(listen(options, new Lobby(), LIMITS)).rejects.toMatchObject({
      code: "BAD_ARGUMENT",
    });
  });
});

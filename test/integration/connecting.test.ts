import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, join, listening, newPeer, next, rejection, turn } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";

const briefly = { permanent: false };

/** A port of loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const peer = await listening();
  const { port } = peer;
  await peer.close({ timeout: 0 });
  if (port === undefined) throw new Error("it did not listen");
  return port;
}

/** A server that takes connections and never says a word. */
async function openSilence(): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

describe("connecting", () => {
  it("gives the unit and the connection", async () => {
    const server = await listening({ name: "server" });
    const client = newPeer();
    const { unit, connection } = await client.connect(addressOf(server));
    expect(unit.name).toBe("server");
    expect(unit.connections).toEqual([connection]);
    expect(connection).toMatchObject({ dialed: true, open: true });
    expect(connection.remoteAddress).toBe(`127.0.0.1:${server.port}`);
    expect(client.units).toEqual([unit]);
  });

  it.each([["nowhere"], ["http://localhost:1"], ["ws://localhost:1#abcd"], [""], [undefined]])(
    "to the bad address %s is BAD_ARGUMENT, and not tried again",
    async (address) => {
      const client = newPeer();
      const error = await rejection(client.connect(address as string));
      expect(error).toEqual(isTroupeError("BAD_ARGUMENT"));
    },
  );

  it("where nobody listens is CONNECT_FAILED", async () => {
    const address = `ws://127.0.0.1:${await freePort()}`;
    expect(await rejection(newPeer().connect(address, briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "nothing listens at"),
    );
  });

  it("to somebody who never answers is given up when the time of a handshake is over", async () => {
    const client = newPeer({ timeouts: { handshake: 100 } });
    expect(await rejection(client.connect(await openSilence(), briefly))).toEqual(
      isTroupeError("CONNECT_FAILED", "did not answer within 100 ms"),
    );
  });

  it("to somebody who hangs up within the handshake fails at once", async () => {
    const server = await listening();
    const proxy = await openProxy(server.port, (chunk, direction, at, link) => {
      // The HTTP answer goes through; what follows it ends everything.
      if (direction === "down" && at > 0) link.cut();
      return chunk;
    });
    const begun = performance.now();
    expect(await rejection(newPeer().connect(proxy.address, briefly))).toEqual(
      isTroupeError("HANDSHAKE_FAILED", "hung up"),
    );
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("to a peer that is led to itself is SELF_CONNECTION, by whichever address", async () => {
    const peer = newPeer();
    await peer.listen(0);
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const error = await rejection(peer.connect(`ws://${host}:${peer.port}`));
      expect(error).toEqual(isTroupeError("SELF_CONNECTION"));
    }
    expect(peer.units).toEqual([]);
  });

  it("to oneself is not tried again, though it is permanent by default", async () => {
    const peer = await listening();
    const failures: unknown[] = [];
    peer.on("reconnect_fail", (event) => failures.push(event));
    for (let i = 0; i < 3; i++) {
      expect(await rejection(peer.connect(addressOf(peer)))).toEqual(
        isTroupeError("SELF_CONNECTION"),
      );
    }
    expect(failures).toEqual([]);
  });

  it("may be cancelled", async () => {
    const client = newPeer();
    const abort = new AbortController();
    const connecting = client.connect(await openSilence(), { signal: abort.signal });
    setImmediate(() => abort.abort("enough"));
    const error = await rejection(connecting);
    expect(error).toEqual(isTroupeError("CANCELLED", "was cancelled"));
    expect(error).toMatchObject({ cause: "enough" });
  });

  it("again after it was cancelled begins anew", async () => {
    const server = await listening();
    const client = newPeer();
    const abort = new AbortController();
    const first = client.connect(addressOf(server), { signal: abort.signal });
    abort.abort();
    const second = client.connect(addressOf(server));
    expect(await rejection(first)).toEqual(isTroupeError("CANCELLED"));
    expect((await second).unit.id).toBe(server.id);
  });

  it("with an option for the WebSocket client passes it on", async () => {
    const server = await listening();
    const client = newPeer();
    const headers = { Origin: "https://evil.example" };
    expect(await rejection(client.connect(addressOf(server), { ...briefly, headers }))).toEqual(
      isTroupeError("CONNECT_FAILED", "refuses this Origin"),
    );
  });
});

describe("the same address again", () => {
  it("joins the attempt that runs, and the connection there is", async () => {
    const server = await listening();
    const client = newPeer();
    const results = await Promise.all([
      client.connect(addressOf(server)),
      client.connect(`${addressOf(server)}/`),
    ]);
    results.push(await client.connect(addressOf(server)));
    expect(new Set(results.map(({ connection }) => connection)).size).toBe(1);
    expect(results[0]?.unit.connections).toHaveLength(1);
  });

  it("makes a connection permanent that was not", async () => {
    const server = await listening();
    const client = newPeer();
    const { back } = await join(client, server, briefly);
    await client.connect(addressOf(server));
    const again = next(client, "reconnect_success");
    back.close();
    expect((await again)[0].unit.id).toBe(server.id);
  });
});

describe("a permanent connection", () => {
  it("comes back when its listener does, and tells of every failure and of the success", async () => {
    const identity = randomBytes(32);
    const server = await listening({ identity, name: "first" });
    server.role("svc");
    const client = newPeer();
    const address = addressOf(server);
    const { unit } = await client.connect(address);
    const svc = await client.destination("svc").whenReady();
    const failures: { address: string; count: number; wait: number; code: string }[] = [];
    const enough = new Promise<void>((resolve) => {
      client.on("reconnect_fail", ({ error, ...event }) => {
        failures.push({ ...event, code: error.code });
        if (event.count === 3) resolve();
      });
    });
    const { port } = server;
    if (port === undefined) throw new Error("it does not listen");
    const closed = next(unit, "close");
    await server.close();
    const [reason] = await closed;
    expect(reason).toEqual(isTroupeError("DISCONNECTED"));
    await enough;
    const restarted = newPeer({ identity, name: "second" });
    restarted.role("svc").onRequest("do", () => "done");
    const success = next(client, "reconnect_success");
    await restarted.listen({ port, host: "127.0.0.1" });
    const [event] = await success;
    expect(event.address).toBe(`${address}/`);
    expect(event.count).toBe(failures.length);
    expect(event.unit.name).toBe("second");
    expect(unit.closed).toBe(true);
    expect(failures.slice(0, 3)).toMatchObject([
      { address: `${address}/`, count: 1, wait: 0, code: "DISCONNECTED" },
      { count: 2, code: "CONNECT_FAILED" },
      { count: 3, code: "CONNECT_FAILED" },
    ]);
    expect((await svc.request("do")).data).toBe("done");
  });

  it("comes about although the first attempt failed and was told of", async () => {
    const port = await freePort();
    const client = newPeer();
    const failed = rejection(client.connect(`ws://127.0.0.1:${port}`));
    expect(await failed).toEqual(isTroupeError("CONNECT_FAILED"));
    const met = next(client, "unit");
    const server = await newPeer().listen({ port, host: "127.0.0.1" });
    expect((await met)[0].id).toBe(server.id);
  });

  it("comes back when it is cut, and the peer is a new unit then", async () => {
    const server = await listening();
    const proxy = await openProxy(server.port);
    const client = newPeer();
    const { unit } = await client.connect(proxy.address);
    const back = next(client, "reconnect_success");
    proxy.last.reset();
    const [{ unit: again, count }] = await back;
    expect(count).toBeGreaterThan(0);
    expect(unit.closed).toBe(true);
    expect(again).not.toBe(unit);
    expect(again.id).toBe(unit.id);
    expect(client.units).toEqual([again]);
  });

  it("does not come back when it was asked to be none", async () => {
    const server = await listening();
    const client = newPeer();
    const events: string[] = [];
    client.on("reconnect_fail", () => events.push("fail"));
    client.on("reconnect_success", () => events.push("success"));
    const { there, back } = await join(client, server, briefly);
    const closed = next(there, "close");
    back.close();
    await closed;
    await turn();
    // A first retry would have come at once, and be on its way before this one.
    await join(newPeer(), server);
    expect(server.units).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it("does not come back when its signal has been aborted, and stays open until then", async () => {
    const server = await listening();
    const client = newPeer();
    const abort = new AbortController();
    const { there, back } = await join(client, server, { signal: abort.signal });
    abort.abort();
    await turn();
    expect(there.closed).toBe(false);
    const closed = next(there, "close");
    back.close();
    await closed;
    await turn();
    await join(newPeer(), server);
    expect(server.units).toHaveLength(1);
  });

  it("is dialled no more when its peer is closed", async () => {
    const server = await listening();
    const client = newPeer();
    await client.connect(addressOf(server));
    await client.close();
    await join(newPeer(), server);
    expect(server.units).toHaveLength(1);
    expect(await rejection(client.connect(addressOf(server)))).toEqual(isTroupeError("CLOSED"));
  });

  it("whose unit is closed by hand is dialled again", async () => {
    const server = await listening();
    const client = newPeer();
    const { unit } = await client.connect(addressOf(server));
    const back = next(client, "reconnect_success");
    unit.close();
    expect((await back)[0].unit.id).toBe(server.id);
  });

  it("made again by hand after it was cancelled while open is permanent again", async () => {
    const server = await listening();
    const client = newPeer();
    const abort = new AbortController();
    const { there, back } = await join(client, server, { signal: abort.signal });
    abort.abort();
    expect((await client.connect(addressOf(server))).unit).toBe(there);
    await expect.poll(() => back.connections.length).toBe(2);
    const again = next(client, "reconnect_success");
    back.close();
    expect((await again)[0].unit.id).toBe(server.id);
  });
});

describe("a unit that is closed by whoever hears of it first", () => {
  it("is no unit for the one that dialled it, who is told", async () => {
    const server = await listening();
    const client = newPeer();
    client.on("unit", (unit) => unit.close());
    expect(await rejection(client.connect(addressOf(server), briefly))).toEqual(
      isTroupeError("DISCONNECTED"),
    );
    expect(client.units).toEqual([]);
    await expect.poll(() => server.units).toEqual([]);
  });

  it("holds no place in the handshake of the one that was dialled", async () => {
    const server = await listening({ limits: { handshakes: 1 } });
    server.once("unit", (unit) => unit.close());
    const first = newPeer();
    await first.connect(addressOf(server), briefly);
    await expect.poll(() => first.units).toEqual([]);
    await join(newPeer(), server);
  });
});

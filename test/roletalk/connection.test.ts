/** What roletalk's document and its types promise of peers, their connections, roles and events. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Peer, type Role, Singleton, type Unit } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { certificate } from "../support/certificate.ts";
import { addressOf, join, listening, newPeer, next, pair, rejection } from "../support/mesh.ts";

describe("whoever connects to a peer", () => {
  it("is a service all the same: the listener calls the dialer", async () => {
    const { server, client } = await pair();
    client.role("job").onRequest("do", (_ctx, cb) => cb(null, "done behind a firewall"));
    await server.destination("job").whenReady();
    expect((await server.destination("job").request("do", null)).data).toMatch(/^done/);
  });

  it("is known by id, name, roles, tags and meta, on both sides", async () => {
    const server = await listening({ name: "PEER 1" });
    server.setTag("some_id", "123");
    server.setTag("some_id", "456");
    server.setTag("abc", "def");
    server.role("A");
    server.role("hidden", false);
    const client = newPeer({ name: "PEER 2", friendly: false });
    const { there, back } = await join(client, server);
    expect(server.getTags()).toEqual({ some_id: "456", abc: "def" });
    expect(there.getTags()).toEqual(server.getTags());
    expect([there.id, there.name, there.getRoles()]).toEqual([server.id, "PEER 1", ["A"]]);
    expect([back.id, back.name, back.getRoles()]).toEqual([client.id, "PEER 2", []]);
    expect([there.friendly, back.friendly]).toEqual([true, false]);
    expect(there.meta).toEqual({
      os: process.platform,
      runtime: expect.stringContaining(process.versions.node),
      time: expect.any(Number),
      uptime: expect.any(Number),
      protocol: expect.any(String),
    });
  });

  it("hears no tags that are set later", async () => {
    const { server, there } = await pair();
    server.setTag("late", "1");
    expect(there.getTags()).toEqual({});
  });

  it("may do so by several connections: it is one unit, which is gone with the last of them", async () => {
    const server = await listening();
    const client = newPeer();
    const direct = await client.connect(addressOf(server), { permanent: false });
    const other = await client.connect(`ws://localhost:${server.port}`, { permanent: false });
    expect(other.unit).toBe(direct.unit);
    const closed = next(direct.unit, "close");
    direct.ws.close(new Error("done") as never);
    server.role("A");
    await client.destination("A").whenReady();
    expect([client.units.length, direct.unit.connections.length]).toEqual([1, 1]);
    direct.unit.close();
    await closed;
    expect([client.units, client.destination("A").ready]).toEqual([[], false]);
  });
});

describe("roles and destinations", () => {
  it("are listed, and know their peer", async () => {
    const peer = newPeer({ name: "ann" });
    const made: Role[] = [];
    peer.on("role", (role) => made.push(role));
    const role = peer.role("A", false);
    const destination = peer.destination("B");
    expect([peer.roles, peer.destinations, made]).toEqual([[role], [destination], [role]]);
    expect([role.peer, destination.peer]).toEqual([peer, peer]);
    expect([role.name, role.active, destination.name]).toEqual(["A", false, "B"]);
    expect(role.peer.destination("B")).toBe(destination);
    expect(peer.role("A")).toBe(role);
  });

  it("of units make no destinations here", async () => {
    const { server, client } = await pair();
    server.role("A");
    await client.destination("A").whenReady();
    server.role("B");
    await expect.poll(() => client.units[0]?.roles).toEqual(["A", "B"]);
    expect(client.destinations.map(({ name }) => name)).toEqual(["A"]);
    expect([client.destination("C").units, client.destination("C").ready]).toEqual([[], false]);
  });

  it("open with their first unit and close with the last, as roles are made, disabled and enabled", async () => {
    const { server, client } = await pair();
    const events: string[] = [];
    const destination = client.destination("A");
    destination.on("open", () => events.push("open"));
    destination.on("unit", (unit: Unit) => events.push(`unit ${unit.name}`));
    destination.on("close", () => events.push("close"));
    server.role("A");
    await expect.poll(() => events).toEqual(["open", "unit server"]);
    server.role("A").disable();
    await expect.poll(() => events.at(-1)).toBe("close");
    server.role("A").enable();
    await expect.poll(() => destination.ready).toBe(true);
    await server.close();
    await expect.poll(() => destination.ready).toBe(false);
    expect(events).toEqual(["open", "unit server", "close", "open", "unit server", "close"]);
  });

  it("are called in turn", async () => {
    const hub = await listening();
    for (const name of ["ann", "ben", "cleo"]) {
      const worker = newPeer({ name });
      worker.role("worker").onRequest("who", (_ctx, cb) => cb(null, name));
      await join(worker, hub);
    }
    const names: unknown[] = [];
    for (let i = 0; i < 6; i++)
      names.push((await hub.destination("worker").request("who", null)).data);
    expect(names).toEqual(["ann", "ben", "cleo", "ann", "ben", "cleo"]);
  });
});

describe("listening and connecting", () => {
  it("by callback give what the promises give, and nothing else", async () => {
    const server = newPeer({ name: "server" });
    const listened = await new Promise((resolve) => {
      expect(server.listen({ port: 0, host: "127.0.0.1" }, resolve)).toBeUndefined();
    });
    expect([listened, typeof server.port]).toEqual([null, "number"]);
    const client = newPeer();
    const [err, res] = await new Promise<unknown[]>((resolve) => {
      const returned = client.connect(addressOf(server), (...args) => resolve(args));
      expect(returned).toBeUndefined();
    });
    const [unit] = client.units;
    expect([err, res]).toEqual([
      null,
      { unit, connection: unit?.connections[0], ws: unit?.connections[0] },
    ]);
    const again = await client.connect(addressOf(server));
    expect(again.ws).toBe(again.connection);
  });

  it("by callback tell their errors to it, and to nobody else", async () => {
    const server = await listening();
    const busy = await new Promise((resolve) => newPeer().listen(server.port ?? 0, resolve));
    expect(busy).toMatchObject({ code: "ADDRESS_IN_USE" });
    const twice = await new Promise((resolve) => server.listen(0, resolve));
    expect(twice).toMatchObject({ code: "BAD_ARGUMENT" });
    const gone = addressOf(server);
    await server.close();
    const client = newPeer();
    const options = [undefined, null, { permanent: false }];
    for (const given of options) {
      const err = await new Promise((resolve) => client.connect(gone, given, resolve));
      expect(err).toMatchObject({ code: "CONNECT_FAILED" });
    }
    await client.close();
    const closed = await new Promise((resolve) => client.connect(gone, resolve));
    expect(closed).toMatchObject({ code: "CLOSED" });
  });

  it("take null for no options, and for no callback", async () => {
    const server = newPeer();
    expect(await server.listen(0, null as never)).toBe(server);
    const { unit } = await newPeer().connect(`ws://localhost:${server.port}`, null);
    expect(unit.id).toBe(server.id);
  });

  it("come to an end in close(), whose callback is called in any case", async () => {
    const { server, client } = await pair();
    const idle = newPeer();
    for (const peer of [client, server, idle]) {
      const args = await new Promise((resolve) => {
        expect(peer.close((...given: unknown[]) => resolve(given))).toBeUndefined();
      });
      expect([args, peer.closed, peer.units]).toEqual([[], true, []]);
    }
  });

  it("may use TLS, and a server that is there already", async () => {
    const secure = await newPeer().listen({ port: 0, host: "127.0.0.1", ssl: certificate });
    const client = newPeer();
    const { unit } = await client.connect(`wss://127.0.0.1:${secure.port}`, {
      ca: certificate.cert,
    });
    expect(unit.id).toBe(secure.id);
    const server = createServer();
    onTestFinished(() => void server.close());
    const guest = newPeer();
    await guest.listen({ server, port: 0, host: "127.0.0.1", path: "/mesh" });
    const met = await client.connect(`ws://127.0.0.1:${guest.port}/mesh`);
    expect(met.unit.id).toBe(guest.id);
  });

  it("may be left to the upgrade event of an HTTP server", async () => {
    const peer = newPeer();
    const server = createServer(() => {});
    onTestFinished(() => void server.close());
    peer.prepareWSServer();
    server.listen({ host: "localhost", port: 0 });
    await once(server, "listening");
    server.on("upgrade", (request, socket, head) => {
      peer.handleUpgrade(request, socket, head);
    });
    const client = newPeer();
    await client.connect(`ws://localhost:${(server.address() as AddressInfo).port}`);
    expect(client.units.map(({ id }) => id)).toEqual([peer.id]);
  });
});

describe("a permanent connection", () => {
  it("is made again when the other side closes the unit", async () => {
    const { server, client, back, there } = await pair();
    const again = next(client, "unit");
    const lost = next(there, "close");
    back.close();
    await lost;
    expect(client.units).toEqual([]);
    expect((await again)[0].id).toBe(server.id);
  });

  it("tells of attempts that fail and of the one that succeeds, with address, count and error", async () => {
    const first = await listening();
    const { port } = first;
    const client = newPeer();
    await client.connect(addressOf(first));
    const failed: { address: string; count: number; error: Error }[] = [];
    client.on("reconnect_fail", ({ address, count, error }) =>
      failed.push({ address, count, error }),
    );
    const restored = next(client, "reconnect_success");
    await first.close({ timeout: 0 });
    await expect.poll(() => failed.length).toBeGreaterThan(1);
    const second = newPeer();
    await second.listen({ port: port ?? 0, host: "127.0.0.1" });
    const [{ address, count }] = await restored;
    expect([address, count]).toEqual([`ws://127.0.0.1:${port}/`, failed.length]);
    expect(failed.map((event) => event.count)).toEqual(failed.map((_, index) => index + 1));
    expect(failed[1]).toMatchObject({ address, error: expect.any(Error) });
  });
});

describe("authentication", () => {
  const keys = (peer: Peer, ...pairs: [string, string][]): Peer => {
    for (const [id, key] of pairs) peer.addPresharedKey(id, key);
    return peer;
  };

  it("lets in who has one pair in common, whatever others there are", async () => {
    const server = keys(await listening(), ["foo", "111222333"], ["bar", "444555666"]);
    const client = keys(newPeer(), ["bar", "444555666"], ["baz", "qwerty789"]);
    expect((await join(client, server)).there.id).toBe(server.id);
  });

  it.each([
    ["no id in common", [["quux", "111222333"]], "NO_COMMON_KEY"],
    ["no key at all", [], "NO_COMMON_KEY"],
    ["another key of the same id", [["bar", "qwerty000"]], "WRONG_KEY"],
  ] as const)("refuses %s, and both sides hear of it", async (_what, theirs, code) => {
    const server = keys(await listening(), ["bar", "444555666"]);
    const client = newPeer();
    for (const [id, key] of theirs) keys(client, [id, key]);
    const heard = Promise.all([next(server, "auth_error"), next(client, "auth_error")]);
    const error = await rejection(client.connect(addressOf(server), { permanent: false }));
    expect(error).toMatchObject({ code });
    for (const [reason] of await heard) expect(reason).toMatchObject({ code });
    expect([server.units, client.units]).toEqual([[], []]);
  });
});

it("Singleton() is the same peer each time, made with the options of the first call", async () => {
  const peer = Singleton({ name: "the one" });
  onTestFinished(() => peer.close());
  expect(Singleton()).toBe(peer);
  expect(Singleton({ name: "another one" }).name).toBe("the one");
});

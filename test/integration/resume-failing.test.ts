import { connect, createServer } from "node:net";
import type { Peer, Unit } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { dial } from "../../src/channel/dial.node.ts";
import { DEFAULT_LIMITS } from "../../src/connection/limits.ts";
import { helloWith, Speaker } from "../connection/resume-speaker.ts";
import { roles } from "../connection/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, listening, newPeer, next, rejection, signal, turn } from "../support/mesh.ts";
import { Link, TcpProxy } from "../support/proxy.ts";
import { openWay } from "./resume-ways.ts";

/** Far below the grace of 10 s, in milliseconds. */
const AT_ONCE = 1000;
const HEARTBEAT = 200;

/** Where a peer is dialled, whichever one it is at that time. */
async function movable(first: Peer): Promise<TcpProxy & { to: (next: Peer) => void }> {
  let { port } = first;
  const server = createServer();
  const proxy = new TcpProxy(server);
  server.on("connection", (dialer) => {
    const listener = connect({ port: port ?? 0, host: "127.0.0.1" });
    proxy.links.push(new Link(dialer, listener, (chunk) => chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => proxy.close());
  const to = (next: Peer): void => {
    ({ port } = next);
    proxy.cutAll();
  };
  return Object.assign(proxy, { to });
}

/** A peer that plays `svc`: `never` is never answered, `who` by its name. */
async function serving(name: string, identity?: Uint8Array): Promise<Peer> {
  const peer = await listening({ name, identity });
  peer
    .role("svc")
    .onRequest("never", () => new Promise(() => {}))
    .onRequest("who", () => name);
  return peer;
}

describe("a listener that was started anew", () => {
  it.each([
    ["the same identity", new Uint8Array(32).fill(7), "started anew"],
    ["another one", undefined, "answers instead of"],
  ])(
    "with %s ends what went on with the old one at once, and is a new unit",
    async (_, identity, text) => {
      const old = await serving("old", identity);
      const proxy = await movable(old);
      const client = newPeer({ name: "client" });
      const { unit } = await client.connect(proxy.address, {
        // Whoever holds the address now is welcome.
        permanent: identity !== undefined,
      });
      const svc = await client.destination("svc").whenReady();
      const asked = rejection(svc.request("never"));
      await expect.poll(() => old.units.length).toBe(1);
      await turn();
      const anew = await serving("anew", identity);
      const begun = performance.now();
      proxy.to(anew);
      await next(unit, "suspend");
      const meanwhile = rejection(svc.request({ event: "who", unit, retry: 0 }));
      expect(await asked).toEqual(isTroupeError("OUTCOME_UNKNOWN", text));
      expect(await meanwhile).toEqual(isTroupeError("NOT_DELIVERED", text));
      expect(performance.now() - begun).toBeLessThan(AT_ONCE);
      expect(unit.closed).toBe(true);
      if (identity === undefined) return;
      await expect.poll(() => client.units.map(({ name }) => name)).toEqual(["anew"]);
      expect((await svc.request("who")).data).toBe("anew");
    },
  );
});

describe("a listener that has changed its mind", () => {
  it("about who is allowed refuses to go on, and all settles at once", async () => {
    const banned = new Set<string>();
    const server = await listening({ allow: (id) => !banned.has(id) });
    server.role("svc").onRequest("never", () => new Promise(() => {}));
    const way = await openWay(server.port);
    const client = newPeer();
    const { unit } = await client.connect(way.address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    const asked = rejection(svc.request("never"));
    await expect.poll(() => server.units.length).toBe(1);
    banned.add(client.id);
    const refused = next(server, "auth_error");
    const begun = performance.now();
    way.cut();
    const [reason] = await next(unit, "close");
    expect(reason).toEqual(isTroupeError("DISCONNECTED", "is gone"));
    expect(await asked).toEqual(isTroupeError("OUTCOME_UNKNOWN", "allow list"));
    expect(performance.now() - begun).toBeLessThan(AT_ONCE);
    expect((await refused)[0]).toEqual(isTroupeError("NOT_ALLOWED", "allow list"));
  });

  it("about the keys of a network it shares goes on, as long as one is proved by whoever dials", async () => {
    const [ann, ben] = [await serving("ann"), await serving("ben")];
    // In another order, so who dials decides which one it is.
    for (const id of ["a", "b"]) ann.addPresharedKey(id, `secret ${id}`);
    for (const id of ["b", "a"]) ben.addPresharedKey(id, `secret ${id}`);
    const [forth, back] = [await openWay(ben.port), await openWay(ann.port)];
    const { unit } = await ann.connect(forth.address, { permanent: false });
    const { unit: same } = await ben.connect(back.address, { permanent: false });
    await expect.poll(() => unit.connections.length).toBe(2);
    const keys = new Set(unit.connections.map(({ remote }) => remote.keyId));
    expect(keys).toEqual(new Set(["a", "b"]));
    for (let round = 0; round < 3; round++) {
      for (const way of [forth, back]) way.cut();
      await next(unit, "suspend");
      await expect
        .poll(() => [...unit.connections, ...same.connections].some((one) => one.suspended))
        .toBe(false);
    }
    expect([unit.connections.length, same.connections.length]).toEqual([2, 2]);
  });
});

describe("who closes", () => {
  it("goes on with what it still waits for", async () => {
    const server = await listening();
    const [asked, go] = [signal(), signal()];
    server.role("svc").onRequest("slow", async () => {
      asked.fire();
      await go.promise;
      return "done";
    });
    const way = await openWay(server.port);
    const client = newPeer();
    const { unit } = await client.connect(way.address);
    const svc = await client.destination("svc").whenReady();
    const answer = svc.request("slow");
    await asked.promise;
    const closed = client.close({ timeout: 5000 });
    await turn();
    const resumed = next(unit, "resume");
    way.cut();
    await resumed;
    go.fire();
    expect((await answer).data).toBe("done");
    const begun = performance.now();
    await closed;
    expect(performance.now() - begun).toBeLessThan(AT_ONCE);
  });

  it.each([0, 300])(
    "waits no longer than it says for a unit that is suspended: %i ms",
    async (timeout) => {
      const server = await serving("server");
      const way = await openWay(server.port);
      const client = newPeer({ timeouts: { heartbeat: HEARTBEAT } });
      const { unit } = await client.connect(way.address);
      const svc = await client.destination("svc").whenReady();
      const asked = rejection(svc.request("never"));
      await turn();
      way.vanish();
      await next(unit, "suspend");
      const meanwhile = rejection(svc.request("who"));
      const begun = performance.now();
      await client.close({ timeout });
      expect(performance.now() - begun).toBeLessThan(timeout + AT_ONCE);
      expect(await asked).toEqual(isTroupeError("CLOSED"));
      expect(await meanwhile).toEqual(isTroupeError("CLOSED"));
      expect([client.units, unit.closed]).toEqual([[], true]);
      const { dials } = way;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(way.dials).toBe(dials);
    },
  );
});

/** Somebody who dials a peer, and says what a test wants said. */
async function speakerTo(peer: Peer, speaker: Speaker, resumes?: string): Promise<Speaker> {
  const limits = {
    handshakeBytes: DEFAULT_LIMITS.messageBytes,
    messageBytes: DEFAULT_LIMITS.messageBytes,
    highWater: 1024,
  };
  const { signal } = new AbortController();
  const channel = await dial(new URL(addressOf(peer)), { limits, signal, client: {} });
  onTestFinished(() => channel.abort());
  const named = resumes === undefined ? undefined : { name: resumes, records: 1 };
  speaker.meet(channel, "dialer", named);
  await expect.poll(() => speaker.established || speaker.failures.length > 0).toBe(true);
  return speaker;
}

describe("a connection's name", () => {
  /** A peer, and somebody who has lost a connection to it. */
  async function left(): Promise<{ peer: Peer; unit: Unit; name: string }> {
    const peer = await listening();
    const speaker = await speakerTo(peer, new Speaker());
    speaker.say(helloWith({ time: 10_000 }), roles);
    await expect.poll(() => peer.units.length).toBe(1);
    const [unit] = peer.units;
    const name = unit?.connections[0]?.resumption?.name;
    if (unit === undefined || name === undefined) throw new Error("it is not there");
    speaker.leave();
    await next(unit, "suspend");
    return { peer, unit, name };
  }

  it.each([
    ["another identity", { seed: 9 }],
    ["another process", { instance: "0f".repeat(16) }],
  ])("is of no use to %s", async (_, options) => {
    const { peer, unit, name } = await left();
    const thief = await speakerTo(peer, new Speaker(options), name);
    expect(thief.failures).toEqual([isTroupeError("DISCONNECTED", "is over")]);
    expect([unit.suspended, peer.units.length]).toEqual([true, 1]);
    const resumed = next(unit, "resume");
    const owner = await speakerTo(peer, new Speaker(), name);
    await resumed;
    await expect.poll(() => owner.kinds).toEqual(["resume"]);
  });

  it("that is not known is refused, and its dialer told", async () => {
    const { peer, unit } = await left();
    const stray = await speakerTo(peer, new Speaker(), "00".repeat(16));
    expect(stray.failures).toEqual([isTroupeError("DISCONNECTED", "is over")]);
    expect(unit.suspended).toBe(true);
  });

  it("is another one each time", async () => {
    const peer = await listening();
    const clients = Array.from({ length: 5 }, () => newPeer());
    await Promise.all(clients.map((client) => client.connect(addressOf(peer))));
    await expect.poll(() => peer.units.length).toBe(5);
    const names = peer.units.map(({ connections }) => connections[0]?.resumption?.name);
    expect(new Set(names).size).toBe(5);
    expect(names.every((name) => /^[0-9a-f]{32}$/.test(name ?? ""))).toBe(true);
  });
});

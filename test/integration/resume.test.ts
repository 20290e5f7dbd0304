import { type Peer, TroupeError, type Unit } from "troupe";
import { describe, expect, it } from "vitest";
import { addressOf, listening, newPeer, next, turn } from "../support/mesh.ts";
import { openWay, type TestWay } from "./resume-ways.ts";

const HEARTBEAT = 200;
/** Two heartbeats, and what a slow machine needs for everything else. */
const IN_TIME = 2 * HEARTBEAT + 600;

/** What a unit emits, one word each. */
function lifeOf(unit: Unit): string[] {
  const life: string[] = [];
  unit.on("suspend", () => life.push("suspend"));
  unit.on("resume", () => life.push("resume"));
  unit.on("close", () => life.push("close"));
  return life;
}

/** A peer that plays `svc`: answers `who` by its name, and writes down what it hears. */
async function serving(name: string): Promise<{ peer: Peer; heard: unknown[] }> {
  const peer = await listening({ name, timeouts: { heartbeat: HEARTBEAT } });
  const heard: unknown[] = [];
  peer
    .role("svc")
    .onRequest("who", () => name)
    .onRequest("note", ({ data }) => heard.push(data))
    .onMessage("note", ({ data }) => heard.push(data));
  return { peer, heard };
}

const newClient = (): Peer => newPeer({ name: "client", timeouts: { heartbeat: HEARTBEAT } });

/** Connects by a way of its own. */
async function reach(
  client: Peer,
  peer: Peer,
  permanent = true,
): Promise<{ unit: Unit; way: TestWay }> {
  const way = await openWay(peer.port);
  const { unit } = await client.connect(way.address, { permanent });
  // Both sides know each other: before that there is nothing to go on with.
  await expect.poll(() => peer.units.some(({ id }) => id === client.id)).toBe(true);
  return { unit, way };
}

describe("a unit whose channel carries nothing any more", () => {
  it("is noticed within two heartbeats, and goes on by another address", async () => {
    const { peer, heard } = await serving("server");
    const client = newClient();
    const { unit, way } = await reach(client, peer);
    // Another way, by which there is no connection now.
    const other = await openWay(peer.port);
    await client.connect(other.address, { permanent: false });
    await expect.poll(() => unit.connections.length).toBe(2);
    unit.connections[1]?.close(new TroupeError("CLOSED", "not this one"));
    await expect.poll(() => unit.connections.length).toBe(1);
    const svc = client.destination("svc");
    await expect.poll(() => unit.rtt).toBeDefined();

    const life = lifeOf(unit);
    way.vanish();
    const begun = performance.now();
    for (let i = 0; i < 100; i++) svc.send("note", i);
    const answers = Array.from({ length: 20 }, () => svc.request("who"));
    const [reason] = await next(unit, "suspend");
    expect(reason.message).toContain("nothing was heard for two heartbeats");
    for (const { data } of await Promise.all(answers)) expect(data).toBe("server");
    expect(performance.now() - begun).toBeLessThan(IN_TIME);
    expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([life, unit.suspended, peer.units.length]).toEqual([["suspend", "resume"], false, 1]);
    expect(unit.connections.map(({ remoteAddress }) => remoteAddress)).toEqual([
      new URL(other.address).host,
    ]);
  });

  it("goes on by the same address once something passes again", async () => {
    const { peer, heard } = await serving("server");
    const client = newClient();
    const { unit, way } = await reach(client, peer);
    const svc = client.destination("svc");
    const back = peer.units[0];
    way.vanish();
    await next(unit, "suspend");
    if (back?.suspended === false) await next(back, "suspend");
    svc.send("note", "meanwhile");
    const answer = svc.request("who");
    way.appear();
    expect((await answer).data).toBe("server");
    expect([heard, unit.suspended, back?.suspended]).toEqual([["meanwhile"], false, false]);
  });
});

/** Sends 20 numbers to a unit, and asks as often. */
function talk(peer: Peer | undefined, unit: Unit, from: number): Promise<unknown>[] {
  const svc = peer?.destination("svc");
  return Array.from({ length: 20 }, async (_, i) => {
    svc?.send({ event: "note", unit }, from + i);
    return (await svc?.request({ event: "who", unit }))?.data;
  });
}

describe("two peers that both dial", () => {
  it("go on by one channel, and nothing is lost", async () => {
    const peers = [await serving("ann"), await serving("ben")] as const;
    const [ann, ben] = peers;
    const forth = await reach(ann.peer, ben.peer, false);
    const back = await reach(ben.peer, ann.peer, false);
    const units = [forth.unit, back.unit] as const;
    const ways = [forth.way, back.way];
    const connections = (): number[] => units.map((unit) => unit.connections.length);
    await expect.poll(connections).toEqual([2, 2]);
    // One connection, and a way to it from either side.
    forth.unit.connections[1]?.close(new TroupeError("CLOSED", "not this one"));
    await expect.poll(connections).toEqual([1, 1]);

    const asked: Promise<unknown>[] = [];
    for (let round = 0; round < 15; round++) {
      for (const [which, unit] of units.entries())
        asked.push(...talk(peers[which]?.peer, unit, 20 * round));
      if (round % 2 === 0) await turn();
      for (const way of ways) way.cut();
      await Promise.all(units.map((unit) => unit.suspended || next(unit, "suspend")));
      await expect.poll(() => units.some(({ suspended }) => suspended)).toBe(false);
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["ann", "ben"]));
    const sent = Array.from({ length: 300 }, (_, i) => i);
    expect(peers.map(({ heard }) => heard)).toEqual([sent, sent]);
    expect(connections()).toEqual([1, 1]);
    // Both have dialled; heartbeats go by one channel only.
    for (const way of ways) expect(way.dials).toBeGreaterThan(5);
    const before = ways.map(({ bytes }) => bytes);
    const busy = (): TestWay[] => ways.filter(({ bytes }, i) => bytes > (before[i] ?? 0));
    await expect.poll(() => busy().length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 2 * HEARTBEAT));
    expect(busy().length).toBe(1);
  });
});

describe("a unit that is suspended", () => {
  it("gets no calls while there is another one, and all when it is alone", async () => {
    const [one, two] = [await serving("one"), await serving("two")];
    const client = newClient();
    const { unit, way } = await reach(client, one.peer);
    const other = await reach(client, two.peer);
    const svc = client.destination("svc");
    await expect.poll(() => svc.units.length).toBe(2);
    way.vanish();
    await next(unit, "suspend");
    expect([client.units.length, svc.units.length]).toEqual([2, 2]);
    for (let i = 0; i < 10; i++) expect((await svc.request("who")).data).toBe("two");

    other.unit.close();
    await expect.poll(() => svc.units.filter((each) => each === other.unit).length).toBe(0);
    other.way.close();
    let answered = false;
    const answer = svc.request("who").then(({ data }) => {
      answered = true;
      return data;
    });
    svc.send("note", "waiting");
    await turn();
    expect([answered, one.heard]).toEqual([false, []]);
    way.appear();
    expect(await answer).toBe("one");
    expect(one.heard).toEqual(["waiting"]);
  });

  it("has its turns again when it is reached by a connection of another way", async () => {
    const [one, two] = [await serving("one"), await serving("two")];
    const client = newClient();
    const { unit, way } = await reach(client, one.peer);
    await reach(client, two.peer);
    const svc = client.destination("svc");
    await expect.poll(() => svc.units.length).toBe(2);
    const life = lifeOf(unit);
    way.vanish();
    await next(unit, "suspend");
    await client.connect(addressOf(one.peer));
    expect(life).toEqual(["suspend", "resume"]);
    const who = new Set<unknown>();
    for (let i = 0; i < 10; i++) who.add((await svc.request("who")).data);
    expect(who).toEqual(new Set(["one", "two"]));
  });

  it("is told once, however many of its connections are lost", async () => {
    const { peer } = await serving("server");
    const client = newClient();
    const { unit, way } = await reach(client, peer);
    await client.connect(way.address, { permanent: false });
    const other = await openWay(peer.port);
    await client.connect(other.address, { permanent: false });
    const life = lifeOf(unit);
    for (const each of [way, other]) each.vanish();
    await next(unit, "suspend");
    await expect.poll(() => unit.connections.every(({ suspended }) => suspended)).toBe(true);
    for (const each of [way, other]) each.appear();
    await expect.poll(() => unit.connections.some(({ suspended }) => suspended)).toBe(false);
    expect(life).toEqual(["suspend", "resume"]);
  });

  it("is one whose only connection that had its channel is closed", async () => {
    const { peer } = await serving("server");
    const client = newClient();
    const { unit, way } = await reach(client, peer);
    const other = await openWay(peer.port);
    const { unit: same } = await client.connect(other.address, { permanent: false });
    expect(same).toBe(unit);
    const life = lifeOf(unit);
    const [lost, kept] = unit.connections;
    await expect.poll(() => peer.units[0]?.connections.length).toBe(2);
    other.vanish("later");
    way.vanish();
    await expect.poll(() => lost?.suspended).toBe(true);
    expect([life, unit.suspended]).toEqual([[], false]);
    kept?.close(new TroupeError("CLOSED", "not this one"));
    await expect.poll(() => unit.suspended).toBe(true);
    expect(life).toEqual(["suspend"]);
    other.appear();
    way.appear();
    await expect.poll(() => unit.suspended).toBe(false);
    expect(life).toEqual(["suspend", "resume"]);
  });
});

describe("who has subscribed", () => {
  it("misses nothing over cuts, and hears it in order", async () => {
    const hub = await listening({ name: "hub" });
    const client = newPeer({ name: "client" });
    const heard: unknown[] = [];
    client.subscribe("news", ({ data }) => void heard.push(data));
    const { way, unit } = await reach(client, hub);
    await expect.poll(() => hub.publish("nothing")).toBe(0);
    await expect.poll(() => hub.units.length).toBe(1);
    const published: number[] = [];
    for (let i = 0; i < 300; i++) {
      published.push(i);
      expect(hub.publish("news", i)).toBe(1);
      if (i % 10 === 0) await turn();
      if (i % 50 === 25) way.cut();
      if (i % 50 === 49 && unit.suspended) await next(unit, "resume");
    }
    await expect.poll(() => heard.length).toBe(300);
    expect(heard).toEqual(published);
    expect(way.dials).toBeGreaterThan(3);
  });
});

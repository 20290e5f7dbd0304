import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Peer, type PeerOptions } from "troupe";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, join, listening, newPeer, next, pair, rejection } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";

const briefly = { permanent: false };

/** What the dialer is told, and what the listener announces, when the two do not go together. */
async function refusal(
  server: PeerOptions | Peer,
  client: PeerOptions | Peer,
): Promise<{ there: unknown; here: unknown }> {
  const listener = server instanceof Peer ? server : await listening(server);
  const dialer = client instanceof Peer ? client : newPeer(client);
  const heard = next(listener, "auth_error");
  const here = await rejection(dialer.connect(addressOf(listener), briefly));
  const [there] = await heard;
  expect([listener.units, dialer.units]).toEqual([[], []]);
  return { there, here };
}

describe("the allow list of a peer", () => {
  it("lets those in who are on it, whichever side dials", async () => {
    const friend = new Peer({ identity: randomBytes(32) });
    const seed = randomBytes(32);
    const known = new Peer({ identity: seed }).id;
    await pair({ allow: [known] }, { identity: seed });
    await pair({ identity: seed }, { allow: [friend.id, known] });
  });

  it("refuses others with NOT_ALLOWED, and both sides learn of it", async () => {
    const { there, here } = await refusal({ allow: [] }, {});
    expect(there).toEqual(isTroupeError("NOT_ALLOWED", "allow list"));
    expect(here).toEqual(isTroupeError("NOT_ALLOWED", "allow list"));
  });

  it("binds the dialer, too, before it has told who it is", async () => {
    const { there, here } = await refusal({}, { allow: [] });
    expect(here).toEqual(isTroupeError("NOT_ALLOWED", "is not on this peer's allow list"));
    expect(there).toEqual(isTroupeError("NOT_ALLOWED", "the other side refused"));
  });

  it("may be a function, and one that throws lets nobody in and nobody down", async () => {
    const server = await listening({
      allow: (id) => {
        if (id === stranger.id) throw new Error("the database is away");
        return true;
      },
    });
    const stranger = newPeer();
    expect((await refusal(server, stranger)).here).toEqual(isTroupeError("NOT_ALLOWED"));
    await join(newPeer(), server);
  });
});

describe("the allow list of a role", () => {
  it("keeps requests out with NOT_ALLOWED and drops messages", async () => {
    const { server, client } = await pair();
    const heard: unknown[] = [];
    const role = server.role("private", { allow: [] });
    role.onMessage("do", () => heard.push("message"));
    role.onRequest("do", () => heard.push("request"));
    server.role("public").onRequest("ping", () => "pong");
    const destination = await client.destination("private").whenReady();
    destination.send("do");
    expect(await rejection(destination.request("do"))).toEqual(
      isTroupeError("NOT_ALLOWED", `not open to ${client.id}`),
    );
    expect((await client.destination("public").request("ping")).data).toBe("pong");
    expect(heard).toEqual([]);
  });

  it("lets those call who are on it", async () => {
    const server = await listening();
    const client = newPeer();
    server.role("private", { allow: [client.id] }).onRequest("do", () => "done");
    await join(client, server);
    expect((await client.destination("private").request("do")).data).toBe("done");
  });

  it("tells a disabled role from one that is not open only to those on it", async () => {
    const { server, client } = await pair();
    const role = server.role("private", { allow: [] });
    const destination = await client.destination("private").whenReady();
    role.disable();
    expect(await rejection(destination.request("do"))).toEqual(isTroupeError("NOT_ALLOWED"));
  });
});

describe("a pinned address", () => {
  it("connects to the holder of that key", async () => {
    const server = await listening();
    const { unit } = await newPeer().connect(`${addressOf(server)}#${server.id}`);
    expect(unit.id).toBe(server.id);
  });

  it("refuses everybody else with WRONG_PEER, on both sides", async () => {
    const server = await listening();
    const client = newPeer();
    const heard = next(server, "auth_error");
    const pin = new Peer().id;
    const error = await rejection(client.connect(`${addressOf(server)}#${pin}`, briefly));
    expect(error).toEqual(isTroupeError("WRONG_PEER", `not by the pinned ${pin}`));
    expect((await heard)[0]).toEqual(isTroupeError("WRONG_PEER"));
    expect(client.units).toEqual([]);
  });
});

describe("the key at an address", () => {
  /** A peer on the port of one that has closed. */
  async function replace(old: Peer, options: PeerOptions): Promise<Peer> {
    const { port } = old;
    if (port === undefined) throw new Error("it does not listen");
    // Politely: whoever has lost it without a word would look for it here.
    await old.close();
    return newPeer(options).listen({ port, host: "127.0.0.1" });
  }

  /** A peer that has met one, and another one that has taken its place. */
  async function change(
    before: PeerOptions,
    after: PeerOptions,
  ): Promise<{ client: Peer; first: Peer; other: Peer }> {
    const first = await listening(before);
    const client = newPeer();
    const { unit } = await client.connect(addressOf(first), briefly);
    const gone = next(unit, "close");
    const other = await replace(first, after);
    await gone;
    return { client, first, other };
  }

  it("is remembered when it is meant to last: another one is KEY_CHANGED", async () => {
    const { client, first, other } = await change(
      { identity: randomBytes(32) },
      { identity: randomBytes(32) },
    );
    const { here, there } = await refusal(other, client);
    expect(here).toEqual(isTroupeError("KEY_CHANGED", `held by ${first.id} and is now by`));
    expect(here).toEqual(isTroupeError("KEY_CHANGED", "peer.forget("));
    expect(there).toEqual(isTroupeError("KEY_CHANGED"));
  });

  it("is KEY_CHANGED, too, when the new one is not even meant to last", async () => {
    const { client, other } = await change({ identity: randomBytes(32) }, {});
    expect((await refusal(other, client)).here).toEqual(isTroupeError("KEY_CHANGED"));
  });

  it("may change once it is forgotten", async () => {
    const { client, other } = await change(
      { identity: randomBytes(32) },
      { identity: randomBytes(32) },
    );
    client.forget(addressOf(other));
    expect((await client.connect(addressOf(other), briefly)).unit.id).toBe(other.id);
  });

  it("may change when the first one was not meant to last", async () => {
    const { client, other } = await change({}, {});
    expect((await client.connect(addressOf(other), briefly)).unit.id).toBe(other.id);
  });

  it("stays the same over a restart of the same identity", async () => {
    const identity = randomBytes(32);
    const { client, first, other } = await change({ identity }, { identity });
    expect((await client.connect(addressOf(other), briefly)).unit.id).toBe(first.id);
  });

  it("is not remembered of somebody who turned out to have no right to be there", async () => {
    const impostor = await listening({ identity: randomBytes(32) });
    impostor.addPresharedKey("team", "a guess");
    const client = newPeer().addPresharedKey("team", "the key");
    await refusal(impostor, client);
    const real = await replace(impostor, { identity: randomBytes(32) });
    real.addPresharedKey("team", "the key");
    expect((await client.connect(addressOf(real), briefly)).unit.id).toBe(real.id);
  });

  it("is not remembered of somebody who is not allowed", async () => {
    const real = new Peer({ identity: randomBytes(32) });
    const identity = randomBytes(32);
    const allowed = [real.id, new Peer({ identity }).id];
    const impostor = await listening({ identity: randomBytes(32) });
    const client = newPeer({ allow: allowed });
    await refusal(impostor, client);
    const next = await replace(impostor, { identity });
    expect((await client.connect(addressOf(next), briefly)).unit.id).toBe(next.id);
  });

  it("can be forgotten only at an address", () => {
    expect(() => newPeer().forget("nowhere")).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});

describe("pre-shared keys", () => {
  const keyed = (keys: Record<string, string>): Peer => {
    const peer = newPeer();
    for (const [id, key] of Object.entries(keys)) peer.addPresharedKey(id, key);
    return peer;
  };
  const serving = async (keys: Record<string, string>): Promise<Peer> =>
    keyed(keys).listen({ port: 0, host: "127.0.0.1" });

  it("let peers with a common one connect, and tell which it was", async () => {
    const server = await serving({ a: "alpha", b: "beta" });
    const client = keyed({ c: "gamma", b: "beta" });
    const { there } = await join(client, server);
    expect(there.connections[0]?.remote.keyId).toBe("b");
  });

  it.each<[string, Record<string, string>, Record<string, string>, "NO_COMMON_KEY" | "WRONG_KEY"]>([
    ["other ids", { a: "alpha" }, { b: "alpha" }, "NO_COMMON_KEY"],
    ["keys on the listener only", { a: "alpha" }, {}, "NO_COMMON_KEY"],
    ["keys on the dialer only", {}, { a: "alpha" }, "NO_COMMON_KEY"],
    ["another key under the same id", { a: "alpha" }, { a: "beta" }, "WRONG_KEY"],
    [
      "common ids that are proved by one side each only",
      { a: "alpha", b: "beta" },
      { a: "x", b: "beta" },
      "WRONG_KEY",
    ],
  ])("refuse peers with %s, on both sides", async (_what, ours, theirs, code) => {
    const { there, here } = await refusal(await serving(ours), keyed(theirs));
    expect([here, there]).toEqual([isTroupeError(code), isTroupeError(code)]);
  });

  it("may be bytes, and the same bytes as text", async () => {
    const server = newPeer().addPresharedKey("a", Buffer.from("grün"));
    await server.listen({ port: 0, host: "127.0.0.1" });
    await join(keyed({ a: "grün" }), server);
  });

  it("are not proved by what the same peer says on another connection: a reflection gets nowhere", async () => {
    const victim = await serving({ a: "alpha" });
    const failures: unknown[] = [];
    victim.on("auth_error", (error) => failures.push(error));
    const open = (): WebSocket => new WebSocket(addressOf(victim), "troupe.1");
    const [one, other] = [open(), open()];
    await Promise.all([once(one, "open"), once(other, "open")]);
    one.on("message", (bytes) => other.send(bytes));
    other.on("message", (bytes) => one.send(bytes));
    const closed = Promise.all([once(one, "close"), once(other, "close")]);
    one.send(Buffer.concat([Buffer.from([2, 1]), randomBytes(32)]));
    await closed;
    expect(failures).toEqual([
      isTroupeError("HANDSHAKE_FAILED"),
      isTroupeError("HANDSHAKE_FAILED"),
    ]);
    expect(victim.units).toEqual([]);
  });

  it("are not proved by leading a peer that dials back to itself", async () => {
    const victim = await serving({ a: "alpha" });
    const mirror = await openProxy(victim.port);
    const error = await rejection(victim.connect(mirror.address, { permanent: false }));
    expect(error).toEqual(isTroupeError("SELF_CONNECTION"));
    expect(victim.units).toEqual([]);
  });
});

describe("a network key", () => {
  const networkKey = randomBytes(32);

  it("joins those who have it", async () => {
    await pair({ networkKey }, { networkKey: networkKey.toString("hex") });
  });

  it.each<[string, PeerOptions, PeerOptions]>([
    ["has another one", { networkKey }, { networkKey: randomBytes(32) }],
    ["has none", { networkKey }, {}],
    ["does not expect one", {}, { networkKey }],
  ])(
    "keeps out who %s: HANDSHAKE_FAILED, without a word on who is there",
    async (_what, server, client) => {
      const { there, here } = await refusal(server, client);
      expect(here).toEqual(isTroupeError("HANDSHAKE_FAILED", "network key"));
      expect(there).toEqual(isTroupeError("HANDSHAKE_FAILED"));
    },
  );
});

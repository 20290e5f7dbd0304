/**
 * The programs of roletalk's API introduction, as they are there but for the import, the ports, and
 * waiting for what they do instead of for a second.
 */
import { randomBytes } from "node:crypto";
import type { Peer } from "troupe";
import { expect, it } from "vitest";
import { newPeer, next, signal } from "../support/mesh.ts";

it("connection and authentication: who shares a key meets, who has another one or none does not", async () => {
  const said: string[] = [];
  const console = { log: (line: string) => said.push(line) };

  const bob = newPeer({ name: "Bob" });
  bob.addPresharedKey("supersecret", "qwerty456");
  bob.addPresharedKey("some_other", "qwerty123");
  bob.on("unit", (unit) => {
    console.log(`Unit connected to Bob: ${unit.name}`);
  });
  const met = next(bob, "unit");
  await bob.listen(0);
  const address = `ws://localhost:${bob.port}`;

  const alice = newPeer({ name: "Alice" });
  alice.addPresharedKey("supersecret", "qwerty456");
  alice.addPresharedKey("one_another", "qwerty789");
  alice.on("unit", (unit) => {
    console.log(`Unit connected to Alice: ${unit.name}`);
  });
  await alice.connect(address);

  const chuck = newPeer({ name: "Chuck" });
  chuck.addPresharedKey("supersecret", "maybe_12345?");
  await chuck
    .connect(address)
    .catch((err) => console.log(`Chuck cannot connect to Bob: ${err.code}`));

  const carlos = newPeer({ name: "Carlos" });
  await carlos
    .connect(address)
    .catch((err) => console.log(`Carlos cannot connect to Bob: ${err.code}`));

  await met;
  console.log(`Bob connected to next units: ${bob.units.map((unit) => unit.name)}`);
  expect(new Set(said)).toEqual(
    new Set([
      "Carlos cannot connect to Bob: NO_COMMON_KEY",
      "Chuck cannot connect to Bob: WRONG_KEY",
      "Unit connected to Alice: Bob",
      "Unit connected to Bob: Alice",
      "Bob connected to next units: Alice",
    ]),
  );
});

it("RPC with middleware: four wrappers take turns, count, and answer as JSON", async () => {
  const wrapper1 = newPeer({ name: "Wrapper 1" });
  const wrapper2 = newPeer({ name: "Wrapper 2" });
  const wrapper3 = newPeer({ name: "Wrapper 3" });
  const wrapper4 = newPeer({ name: "Wrapper 4" });
  const sender = newPeer();

  await sender.listen(0);
  const wrappers = [wrapper1, wrapper2, wrapper3, wrapper4];
  const connected: unknown[] = [];

  for (const wrapper of wrappers) {
    connected.push(wrapper.connect(`ws://localhost:${sender.port}`), next(sender, "unit"));

    let i = 0;

    wrapper.onRequest(async () => {
      i++;
    });

    wrapper.role("json-wrapper").onRequest(async (ctx) => {
      await ctx.next();
      ctx.response = JSON.stringify(ctx.response);
    });

    wrapper.role("json-wrapper").onRequest("wrap", (ctx, cb) => {
      cb(null, { total_order: i, data: ctx.data, by: wrapper.name });
    });
    await Promise.all(connected);
  }

  const wrapped: { total_order: number; data: string; by: string }[] = [];
  const sent: string[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const data = randomBytes(10).toString("hex");
    const ctx = await sender.destination("json-wrapper").request("wrap", data);
    sent.push(data);
    wrapped.push(JSON.parse(String(ctx.data)));
  }

  const names = wrappers.map(({ name }) => name);
  expect(wrapped.map(({ by }) => by)).toEqual([...names, ...names, ...names].slice(0, 10));
  expect(wrapped.map(({ total_order }) => total_order)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
  expect(wrapped.map(({ data }) => data)).toEqual(sent);
});

it("publish-subscribe: all hear the time, and may rate the one who tells it", async () => {
  const said: string[] = [];
  const rated = signal();
  const console = {
    log: (line: string) => {
      if (said.push(line) === 9) rated.fire();
    },
  };

  const pub = newPeer({ name: "Bob" });
  const sub1 = newPeer({ name: "Alice" });
  const sub2 = newPeer({ name: "Anna" });
  const sub3 = newPeer({ name: "Kate" });

  const subs = [sub1, sub2, sub3];

  await pub.listen(0);
  pub.role("time_emitter").onMessage("rate", (ctx) => {
    console.log(`${ctx.unit.name} has rated my work: ${ctx.data}`);
  });

  for (const sub of subs) {
    sub.role("time_receiver").onMessage<number>("now", (ctx) => {
      const now = new Date(ctx.data).toISOString();
      console.log(`This is ${sub.name}. ${ctx.unit.name} told me current time: ${now}`);
      sub.destination("time_emitter").send({ unit: ctx.unit, event: "rate" }, 7);
    });
  }
  await Promise.all(
    subs.map(async (sub: Peer) => {
      const known = next(pub.destination("time_receiver"), "unit");
      const connected = await sub.connect(`ws://localhost:${pub.port}`);
      console.log(`${sub.name} connected to ${connected.unit.name}`);
      await known;
    }),
  );
  await expect.poll(() => pub.destination("time_receiver").units.length).toBe(3);

  pub.destination("time_receiver").broadcast("now", 0);
  await rated.promise;

  const names = ["Alice", "Anna", "Kate"];
  expect(new Set(said)).toEqual(
    new Set([
      ...names.map((name) => `${name} connected to Bob`),
      ...names.map((name) => `This is ${name}. Bob told me current time: 1970-01-01T00:00:00.000Z`),
      ...names.map((name) => `${name} has rated my work: 7`),
    ]),
  );
});

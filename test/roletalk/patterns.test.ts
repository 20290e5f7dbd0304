/** The patterns that roletalk's document names, beside those of its API introduction. */
import type { Peer } from "troupe";
import { expect, it } from "vitest";
import { join, listening, newPeer, signal } from "../support/mesh.ts";

/** Peers that play `role` and have dialled the hub. */
async function players(hub: Peer, role: string, ...names: string[]): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const name of names) {
    const peer = newPeer({ name });
    peer.role(role);
    await join(peer, hub);
    peers.push(peer);
  }
  return peers;
}

it("pipeline: each stage hands its result to the next one, wherever that runs", async () => {
  const hub = await listening();
  const { promise, fire } = signal<unknown>();
  const [split] = await players(hub, "split", "splitter");
  const [count] = await players(hub, "count", "counter");
  // Stages that are not connected with each other meet in the one that both have dialled.
  hub.role("words").onMessage("next", (ctx) => hub.destination("count").send("text", ctx.data));
  hub.role("result").onMessage("next", (ctx) => fire(ctx.data));
  split?.role("split").onMessage<string>("text", (ctx) => {
    split.destination("words").send("next", ctx.data.split(" "));
  });
  count?.role("count").onMessage<string[]>("text", (ctx) => {
    count.destination("result").send("next", ctx.data.length);
  });
  hub.destination("split").send("text", "three small words");
  expect(await promise).toBe(3);
});

it("bus: everybody tells everybody", async () => {
  const hub = await listening({ name: "hub" });
  hub.role("bus");
  const others = await players(hub, "bus", "ann", "ben");
  const heard: string[] = [];
  for (const peer of [hub, ...others])
    peer.role("bus").onMessage("say", (ctx) => heard.push(`${peer.name}: ${ctx.data}`));
  // The hub passes on what it hears, to all but the one who has said it.
  hub.role("bus").onMessage("say", (ctx) => {
    for (const unit of hub.destination("bus").units)
      if (unit !== ctx.unit) hub.destination("bus").send({ event: "say", unit }, ctx.data);
  });
  hub.destination("bus").broadcast("say", "hello of the hub");
  others[0]?.destination("bus").broadcast("say", "hello of ann");
  await expect.poll(() => heard.length).toBe(4);
  expect(new Set(heard)).toEqual(
    new Set([
      "ann: hello of the hub",
      "ben: hello of the hub",
      "hub: hello of ann",
      "ben: hello of ann",
    ]),
  );
});

it("survey: all are asked, and whoever fails is told apart", async () => {
  const hub = await listening();
  for (const peer of await players(hub, "voter", "ann", "ben", "cleo"))
    peer.role("voter").onRequest("vote", (_ctx, cb) => cb(null, peer.name !== "ben"));
  const votes = new Map<string, unknown>();
  const { promise, fire } = signal();
  hub.destination("voter").survey("vote", "tea?", (err, ctx) => {
    votes.set(ctx.unit.name, err ?? ctx.data);
    if (votes.size === 3) fire();
  });
  await promise;
  expect(Object.fromEntries(votes)).toEqual({ ann: true, ben: false, cleo: true });
});

/** Something has happened: told to one unit in turn or to all of them, and answered by nobody. */
import { Peer } from "troupe";

const till = new Peer({ name: "till" });
await till.listen({ port: 0, host: "127.0.0.1" });
const kitchens = till.destination("kitchen");

// That there was a unit to tell is all that the teller learns.
const told = kitchens.send("order", "soup");
console.log(`till: soup is for ${told?.name ?? "nobody, the kitchens are closed"}`);

const cooks = await Promise.all(["ann", "ben"].map(open));

for (const dish of ["soup", "pasta", "cake"]) {
  const unit = kitchens.send({ event: "order", metadata: { table: "7" } }, dish);
  console.log(`till: ${dish} is for ${unit?.name}`);
}
console.log(`till: ${kitchens.broadcast("closing").length} kitchens are told to close`);

await Promise.all(cooks.map(({ closed }) => closed));
await Promise.all(cooks.map(({ peer }) => peer.close()));
await till.close();

/** A kitchen, and when it has heard that it closes. Messages to one unit arrive in their order. */
async function open(name: string): Promise<{ peer: Peer; closed: Promise<void> }> {
  const peer = new Peer({ name });
  const kitchen = peer.role("kitchen");
  kitchen.onMessage<string>("order", (ctx) => {
    console.log(`${name}: ${ctx.data} for table ${ctx.metadata["table"]}`);
  });
  const closed = new Promise<void>((resolve) => {
    // An event may have several handlers: each of them hears it.
    kitchen.onMessage("closing", () => console.log(`${name}: that was the last one`));
    kitchen.onMessage("closing", () => resolve());
  });
  const seen = new Promise<void>((resolve) => {
    kitchens.on("unit", (unit) => {
      if (unit.name === name) resolve();
    });
  });
  await peer.connect(`ws://127.0.0.1:${till.port}`);
  await seen;
  return { peer, closed };
}

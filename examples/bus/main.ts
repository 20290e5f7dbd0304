/** No centre: each peer says to all others what it has to say, and hears all others. */
import { Peer } from "troupe";

const names = ["ann", "ben", "cleo"];
const members: Peer[] = [];
const heard = new Map<string, string[]>(names.map((name) => [name, []]));
let wake: () => void = () => {};

for (const name of names) {
  const peer = new Peer({ name });
  peer.role("bus").onMessage<string>("say", (ctx) => {
    heard.get(name)?.push(`${ctx.unit.name}: ${ctx.data}`);
    wake();
  });
  peer.destination("bus").on("unit", () => wake());
  await peer.listen({ port: 0, host: "127.0.0.1" });
  // Who comes dials all who are there. Were two to dial each other, they would still be one unit.
  for (const other of members) await peer.connect(`ws://127.0.0.1:${other.port}`);
  members.push(peer);
}
await until(() => members.every((peer) => peer.destination("bus").units.length === 2));

for (const peer of members) {
  const reached = peer.destination("bus").broadcast("say", `I am ${peer.name}`);
  console.log(`${peer.name} tells ${list(reached.map(({ name }) => name))}`);
}
await until(() => [...heard.values()].every((lines) => lines.length === 2));
for (const [name, lines] of heard) console.log(`${name} has heard ${list(lines)}`);

// One leaves: the others go on without it, and nothing has to be told to anybody.
await members.pop()?.close();
const reached = members[0]?.destination("bus").broadcast("say", "Who is left?") ?? [];
await until(() => heard.get("ben")?.length === 3);
console.log(`ann tells ${list(reached.map(({ name }) => name))}: ${heard.get("ben")?.at(-1)}`);

await Promise.all(members.map((peer) => peer.close()));

function list(texts: readonly string[]): string {
  return texts.toSorted().join(" and ");
}

/** Waits, asking again whenever a unit or a message has come. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

/** Five are asked at once: three answers are a quorum, and after the deadline it is known who was silent. */
import { Peer, TroupeError, type Unit } from "troupe";

const chair = new Peer({ name: "chair" });
await chair.listen({ port: 0, host: "127.0.0.1" });
const council = chair.destination("council");

const votes = { ann: "yes", ben: "yes", cleo: "no", dora: undefined, emil: undefined };
const peers = await Promise.all(Object.entries(votes).map(([name, vote]) => seat(name, vote)));
while (council.units.length < 5) await new Promise((resolve) => council.once("unit", resolve));

// A quorum: leaving the loop cancels what is still out, and its handlers are told.
const quorum = 3;
const given: string[] = [];
const survey = council.survey<string>({ event: "vote", timeout: 5000 }, "a new roof");
for await (const item of survey) {
  if (item.error === undefined) given.push(`${item.unit.name} ${item.data}`);
  if (given.length === quorum) break;
}
console.log(`quorum: ${list(given)}; not waited for: ${names(survey.missing)}`);

// A deadline: the loop ends by itself when the time is over. An item may be a failure, too.
const counted = { yes: 0, no: 0, failed: 0 };
const timed = council.survey<"yes" | "no">({ event: "vote", timeout: 300 }, "a new door");
for await (const item of timed) {
  counted[item.error === undefined ? item.data : "failed"]++;
}
console.log(
  `deadline: ${JSON.stringify(counted)} of ${timed.asked}; silent: ${names(timed.missing)}`,
);

await Promise.all(peers.map((peer) => peer.close()));
await chair.close();

function list(texts: readonly string[]): string {
  return texts.toSorted().join(", ");
}

function names(units: readonly Unit[]): string {
  return list(units.map(({ name }) => name));
}

/** Somebody who votes, or who thinks about it until nobody waits any more. */
async function seat(name: string, vote: string | undefined): Promise<Peer> {
  const peer = new Peer({ name });
  peer.role("council").onRequest<string>("vote", async (ctx) => {
    if (name === "cleo" && ctx.data === "a new door") throw new TroupeError("REJECTED", "not me");
    if (vote === undefined) {
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    }
    return vote;
  });
  await peer.connect(`ws://127.0.0.1:${chair.port}`);
  return peer;
}

/** One peer plays three roles, each with callers of its own, and stops playing one of them. */
import { type Destination, Peer, TroupeError } from "troupe";

const owner = new Peer({ name: "owner" });
const guest = new Peer({ name: "guest" });

const house = new Peer({ name: "house" });
let lit = false;
house.role("light").onRequest("switch", () => {
  lit = !lit;
  return lit ? "on" : "off";
});
const heating = house.role("heating").onRequest<number>("set", (ctx) => `${ctx.data} degrees`);
house.role("door", { allow: [owner.id] }).onRequest("open", () => "come in");
await house.listen({ port: 0, host: "127.0.0.1" });

for (const peer of [owner, guest]) {
  const { unit } = await peer.connect(`ws://127.0.0.1:${house.port}`);
  console.log(`${peer.name}: ${unit.name} plays ${unit.roles.toSorted().join(", ")}`);
  await call(peer, "light", "switch");
  await call(peer, "heating", "set", 21);
  await call(peer, "door", "open");
}

// Roles come and go at any time, by themselves; every unit sees it at once.
await Promise.all([left(owner.destination("heating")), heating.disable()]);
await call(owner, "heating", "set", 25);
await call(owner, "light", "switch");

house.role("alarm").onRequest("arm", () => "armed");
await owner.destination("alarm").whenReady({ timeout: 1000 });
await call(owner, "alarm", "arm");

await Promise.all([owner.close(), guest.close()]);
await house.close();

/** Resolves when nobody plays it any more. */
function left(destination: Destination): Promise<void> {
  return new Promise((resolve) => destination.once("close", resolve));
}

async function call(peer: Peer, role: string, event: string, data?: unknown): Promise<void> {
  const asked = `${peer.name}: ${role}/${event}`;
  try {
    const answer = await peer.destination(role).request(event, data);
    console.log(`${asked}: ${answer.data}`);
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    console.log(`${asked}: ${error.code}`);
  }
}

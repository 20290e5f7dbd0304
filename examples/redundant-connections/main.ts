/** Two ways to one peer: one of them is cut amid 1,000 requests, and every one of them is answered. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { Peer, TroupeError } from "troupe";

const server = new Peer({ name: "server" });
server.role("adder").onRequest<number>("increment", async (ctx) => {
  await setTimeout(1); // some work
  return ctx.data + 1;
});

// The first way in is the peer's own port, the second one an HTTP server, say on another interface.
await server.listen({ port: 0, host: "127.0.0.1" });
const second = createServer().listen(0, "127.0.0.1");
const sockets = new Set<Duplex>();
second.on("upgrade", (request, socket, head) => {
  sockets.add(socket);
  server.handleUpgrade(request, socket, head);
});
await once(second, "listening");

// Both lead to the same peer, which proves it by its key: one unit with two connections.
const client = new Peer({ name: "client" });
const { unit } = await client.connect(`ws://127.0.0.1:${server.port}`);
await client.connect(`ws://127.0.0.1:${(second.address() as AddressInfo).port}`);
console.log(`${client.units.length} unit, ${unit.connections.length} connections`);

const adder = client.destination("adder");
const back = new Promise<void>((resolve) => {
  client.once("reconnect_success", () => resolve());
});
let [asked, answered, repeated] = [0, 0, 0];
await Promise.all(Array.from({ length: 10 }, askOn));
console.log(`${answered} answered, ${repeated} of them asked again`);

await back;
console.log(`${client.units.length} unit, ${unit.connections.length} connections again`);

await client.close();
await server.close();
second.close();

/** Asks one after another, as long as there are any left to ask. */
async function askOn(): Promise<void> {
  while (asked < 1000) {
    const number = asked++;
    if (number === 500) cut();
    if ((await ask(number)) !== number + 1) throw new Error(`${number} got a wrong answer`);
    answered++;
  }
}

/** What was in flight on a connection that is lost fails; this may be done twice, so it is asked again. */
async function ask(number: number): Promise<number> {
  try {
    return (await adder.request<number>("increment", number)).data;
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== "OUTCOME_UNKNOWN") throw error;
    repeated++;
    return ask(number);
  }
}

/** As if somebody had tripped over the cable. */
function cut(): void {
  for (const socket of sockets) socket.destroy();
}

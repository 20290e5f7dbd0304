/** Two ways to one peer: one of them is cut amid 1,000 requests, for good, and nobody notices. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { Peer } from "troupe";

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
tell();

const adder = client.destination("adder");
let [asked, answered] = [0, 0];
await Promise.all(Array.from({ length: 10 }, askOn));
console.log(`${answered} answered`);
tell();

await client.close();
await server.close();

/** Asks one after another, as long as there are any left to ask. */
async function askOn(): Promise<void> {
  while (asked < 1000) {
    const number = asked++;
    if (number === 500) cut();
    const { data } = await adder.request<number>("increment", number);
    if (data !== number + 1) throw new Error(`${number} got a wrong answer`);
    answered++;
  }
}

/** As if the second interface had burnt: what went by it goes on by the first one. */
function cut(): void {
  second.close();
  for (const socket of sockets) socket.destroy();
}

function tell(): void {
  const { length } = unit.connections;
  const first = unit.connections.filter(({ remoteAddress }) =>
    remoteAddress.endsWith(`:${server.port}`),
  );
  console.log(`${length} connections to ${unit.name}, ${first.length} of them by the first way`);
}

/** Three callers and a server with a pre-shared key: one is let in, two are refused and told why. */
import { Peer, TroupeError } from "troupe";

const server = new Peer({ name: "server" });
// A word that people choose will do: nothing that travels allows guessing it offline.
server.addPresharedKey("team", "qwerty456");
server.role("vault").onRequest("open", (ctx) => `the vault is open, ${ctx.unit.name}`);
server.on("unit", (unit) => console.log(`server: ${unit.name} has the key`));
server.on("auth_error", ({ code }) => console.log(`server: refused somebody (${code})`));
await server.listen({ port: 0, host: "127.0.0.1" });

await call("alice", ["team", "qwerty456"]);
await call("mallory", ["team", "qwerty123"]);
await call("eve");

await server.close();

/** Connects with a key or without one, and calls. */
async function call(name: string, key?: [id: string, key: string]): Promise<void> {
  const peer = new Peer({ name });
  if (key !== undefined) peer.addPresharedKey(...key);
  try {
    await peer.connect(`ws://127.0.0.1:${server.port}`, { permanent: false });
    const { data } = await peer.destination("vault").request("open");
    console.log(`${name}: ${data}`);
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    console.log(`${name}: ${error.code}, ${error.message}`);
  }
  await peer.close();
}

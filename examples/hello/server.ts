/** Plays the role "greeter". Run it first; an argument names another port than 9000. */
import { Peer } from "troupe";

const peer = new Peer({ name: "server" });

peer.role("greeter").onRequest("hello", (ctx) => `Hello, ${ctx.data}!`);

await peer.listen(Number(process.argv[2] ?? 9000));
console.log(`listening on port ${peer.port}`);

// Lets running calls finish, and says goodbye, before the process ends.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void peer.close());

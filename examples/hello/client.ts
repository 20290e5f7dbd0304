/** Calls whoever plays "greeter". An argument names another address. */
import { Peer } from "troupe";

const peer = new Peer({ name: "client" });

const { unit } = await peer.connect(process.argv[2] ?? "ws://localhost:9000");
console.log(`connected to ${unit.name}, which plays ${unit.roles.join(", ")}`);

const { data } = await peer.destination("greeter").request("hello", "world");
console.log(data);

await peer.close();

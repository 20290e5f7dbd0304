/** Plays `greeter`: two processes of this kind take turns. */
import { Peer } from "troupe";
import type { PlayerPart } from "./facts.ts";
import { takePart, tell } from "./part.ts";

takePart<PlayerPart>(async ({ name, hub }) => {
  const peer = new Peer({ name });
  peer.role("greeter").onRequest("hello", (ctx) => `Hello, ${ctx.data}! This is ${name}.`);
  await peer.connect(hub);
  tell({ fact: "ready", key: peer.id });
  return peer;
});

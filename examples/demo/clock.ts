/** Plays `clock`. */
import { Peer } from "troupe";
import type { PlayerPart } from "./facts.ts";
import { takePart, tell } from "./part.ts";

takePart<PlayerPart>(async ({ name, hub }) => {
  const peer = new Peer({ name });
  peer.role("clock").onRequest("now", () => new Date());
  await peer.connect(hub);
  tell({ fact: "ready", key: peer.id });
  return peer;
});

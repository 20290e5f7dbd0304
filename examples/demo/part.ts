import type { Peer } from "troupe";
import type { Fact } from "./facts.ts";

/** Reports to the process that started this one, as long as there is one. */
export function tell(fact: Fact): void {
  if (process.connected) process.send?.(fact, undefined, undefined, () => {});
}

/**
 * Plays a part as long as the process that handed it out is there. When that one lets go of the
 * channel, or is gone itself, the peer finishes what it is doing and the process ends.
 */
export function takePart<Part>(play: (part: Part) => Promise<Peer>): void {
  // Ctrl-C in a terminal reaches every process of the group: the main one decides when to leave.
  process.on("SIGINT", () => {});
  process.once("message", (part) => {
    const playing = play(part as Part);
    process.once("disconnect", () => {
      void playing.then((peer) => peer.close());
    });
  });
}

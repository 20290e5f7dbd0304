import { setImmediate as nextTurn } from "node:timers/promises";
import type { Subject, Teller } from "../subjects/subject.ts";
import type { Talk } from "../talk.ts";
import { type Load, payloadOf } from "./load.ts";

/** Messages sent before others get a turn of the event loop. */
const BURST = 512;
/** Bytes waiting at which the sender waits, too. */
const HIGH_WATER = 1024 * 1024;

/** Messages without answers, as fast as back-pressure lets them; the server counts what arrives. */
export async function startOneway(subject: Subject, ask: Talk["oneway"]["ask"]): Promise<Load> {
  const teller = await subject.teller(ask.port);
  const run = { count: 0, stopping: false };
  const ended = tell(teller, payloadOf(ask.bytes), run);
  return {
    get count() {
      return run.count;
    },
    mark: () => {},
    stop: async () => {
      run.stopping = true;
      await ended;
      await teller.close();
      return null;
    },
  };
}

async function tell(
  teller: Teller,
  payload: Buffer,
  run: { count: number; stopping: boolean },
): Promise<void> {
  while (!run.stopping) {
    for (let sent = 0; sent < BURST; sent++) teller.tell(payload);
    run.count += BURST;
    if (teller.backlog > HIGH_WATER) await teller.drained();
    await nextTurn();
  }
  await teller.drained();
}

import type { Subject } from "../subjects/subject.ts";
import type { Talk } from "../talk.ts";
import { startEcho } from "./echo.ts";
import type { Load } from "./load.ts";
import { Receiving } from "./receiving.ts";

/** Calls, one after the other, on a connection with a stream that the server fills. Counts calls. */
export async function startBeside(
  subject: Subject,
  { port, bytes }: Talk["beside"]["ask"],
): Promise<Load> {
  const receiving = new Receiving();
  const reader = await subject.reader(port, receiving);
  const calls = startEcho(reader, { bytes, inFlight: 1 });
  return {
    get count() {
      return calls.count;
    },
    mark: () => {
      receiving.mark();
      calls.mark();
    },
    stop: async () => {
      await receiving.stop();
      return calls.stop();
    },
  };
}

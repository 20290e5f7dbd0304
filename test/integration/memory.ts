import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of JavaScript objects that are alive, buffers included. */
export async function liveBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    // What waits for a finalizer or a closed handle goes with the next turn.
    await new Promise((later) => setImmediate(later));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

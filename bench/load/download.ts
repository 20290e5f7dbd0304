import type { Subject } from "../subjects/subject.ts";
import type { Load } from "./load.ts";
import { Receiving } from "./receiving.ts";

/** A stream that the server fills; this side counts what arrives. */
export async function startDownload(subject: Subject, port: number): Promise<Load> {
  const receiving = new Receiving();
  const reader = await subject.reader(port, receiving);
  return {
    get count() {
      return receiving.count;
    },
    mark: () => receiving.mark(),
    stop: async () => {
      await receiving.stop();
      await reader.close();
      return null;
    },
  };
}

import type { Subject } from "../subjects/subject.ts";
import type { Load } from "./load.ts";
import { Sending } from "./sending.ts";

/** A stream that this side fills; the server counts what arrives. */
export async function startUpload(subject: Subject, port: number): Promise<Load> {
  const writer = await subject.writer(port);
  const sending = new Sending(writer);
  return {
    get count() {
      return sending.count;
    },
    mark: () => {},
    stop: async () => {
      await sending.stop();
      await writer.close();
      return null;
    },
  };
}

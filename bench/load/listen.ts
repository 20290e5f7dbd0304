import type { Listener, Subject } from "../subjects/subject.ts";
import type { Talk } from "../talk.ts";
import { type Load, payloadOf, touch } from "./load.ts";

/** Connections being opened at once: below any server's bound on handshakes that run. */
const AT_ONCE = 32;
/** Bytes of a broadcast payload. */
const BYTES = 100;

/**
 * Connections that receive broadcasts. One acknowledgement for as many deliveries as there are
 * connections: so the sender knows how much is under way, and the answers weigh next to nothing.
 */
export async function startListening(
  subject: Subject,
  { port, connections }: Talk["listen"]["ask"],
): Promise<Load> {
  const listeners: Listener[] = [];
  const expected = payloadOf(BYTES);
  let count = 0;
  const delivered = (payload: Uint8Array): void => {
    touch(payload, expected);
    count++;
    if (count % connections === 0) listeners[0]?.acknowledge();
  };
  while (listeners.length < connections) {
    const length = Math.min(AT_ONCE, connections - listeners.length);
    const opening = Array.from({ length }, () => subject.listener(port, delivered));
    listeners.push(...(await Promise.all(opening)));
  }
  return {
    get count() {
      return count;
    },
    mark: () => {},
    stop: async () => {
      await Promise.all(listeners.map((listener) => listener.close()));
      return null;
    },
  };
}

import { toTroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import type { Unit } from "./unit.ts";

/** Encoded once, sent to all who can take it. */
export function broadcastTo(
  units: Iterable<Unit>,
  name: Name,
  metadata: Metadata | undefined,
  payload: Payload,
): Unit[] {
  const reached: Unit[] = [];
  for (const unit of units) {
    try {
      unit.send(name, metadata, payload);
      reached.push(unit);
    } catch (thrown) {
      const error = toTroupeError(thrown, "BAD_ARGUMENT", "the message cannot be sent");
      if (error.code !== "OVERLOADED" && error.code !== "DISCONNECTED") throw error;
    }
  }
  return reached;
}

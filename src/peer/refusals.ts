import type { IncomingRequest } from "../connection/connection.ts";
import { unstartedDetails } from "../connection/remote-code.ts";
import type { IncomingStream } from "../connection/stream.ts";
import { shown, TroupeError } from "../errors.ts";
import type { Name } from "../frame/type.ts";
import type { Role } from "./role.ts";
import { refuseStream } from "./stream-dispatch.ts";
import type { Unit } from "./unit.ts";

/** Why a unit cannot call a role, if it cannot. */
export function refusalOf(
  role: Role | undefined,
  { role: name }: Name,
  unit: Unit,
): TroupeError | undefined {
  if (role === undefined)
    return new TroupeError("NO_ROLE", `this peer does not play the role ${shown(name)}`);
  if (!role.allows(unit.id)) {
    return new TroupeError("NOT_ALLOWED", `role ${shown(name)} is not open to ${unit.id}`);
  }
  if (!role.active) return new TroupeError("ROLE_DISABLED", `role ${shown(name)} is disabled`);
  return undefined;
}

/** Why a role takes a call on only later, if at all. */
export const busy = ({ name, admission }: Role): string =>
  `role ${shown(name)} is busy: ${admission.fill}; ask again after details.retryAfter ms, or another unit`;

/** Why a caller is refused that has made more calls than it may. */
export const tooOften = ({ name }: Role): string =>
  `role ${shown(name)} takes no more calls from this caller now; ask again after details.retryAfter ms`;

/** Why what waits for its turn has none any more. */
const leaving = ({ name }: Role): string =>
  `role ${shown(name)} has not begun with it, and its peer leaves`;

/** The turn of a request would come too late, or never. */
export function refuseWaiting(
  request: IncomingRequest,
  role: Role,
  retryAfter: number | undefined,
): void {
  if (retryAfter !== undefined) refuseRequest(request, busy(role), retryAfter);
  else request.reject("NOT_DELIVERED", leaving(role), unstartedDetails(undefined));
}

/** The same for a stream. */
export function refuseWaitingStream(
  stream: IncomingStream,
  role: Role,
  retryAfter: number | undefined,
): void {
  if (retryAfter !== undefined) refuseLater(stream, busy(role), retryAfter);
  else refuseStream(stream, new TroupeError("ROLE_DISABLED", leaving(role)));
}

/** Without an error, whose stack would cost more than all else that is done for such a request. */
export function refuseRequest(request: IncomingRequest, why: string, retryAfter: number): void {
  request.reject("OVERLOADED", why, unstartedDetails({ retryAfter }));
}

/** The same for a stream. */
export function refuseLater(stream: IncomingStream, why: string, retryAfter: number): void {
  refuseStream(stream, new TroupeError("OVERLOADED", why, { details: { retryAfter } }));
}

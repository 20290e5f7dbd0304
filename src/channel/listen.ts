import { badArgument } from "../errors.ts";
import type { Listener, ListenLimits, ListenOptions, Reception } from "./listening.ts";

const HELP = "a browser cannot listen: let it dial a peer that does";

/** @throws TroupeError `BAD_ARGUMENT`, always: only Node can listen */
export function listen(
  _options: ListenOptions,
  _reception: Reception,
  _limits: ListenLimits,
): Promise<Listener> {
  return Promise.reject(badArgument(HELP));
}

/** @throws TroupeError `BAD_ARGUMENT`, always: only Node can listen */
export function attach(
  _reception: Reception,
  _limits: ListenLimits,
  _options?: ListenOptions,
): Listener {
  throw badArgument(HELP);
}

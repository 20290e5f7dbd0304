import { toHex } from "../bytes/bytes.ts";
import { parseId } from "../crypto/identity.ts";
import { badArgument } from "../errors.ts";

/** Who may: public keys in hex, as `peer.id` shows them, or a function that is asked with one. */
export type Allow = readonly string[] | ((id: string) => boolean);

/** @internal Whether the holder of a public key may. */
export type Allowed = (id: string) => boolean;

const everybody: Allowed = () => true;

/**
 * @internal Makes one question of both forms.
 * @throws TroupeError `BAD_ARGUMENT` when an entry is no public key
 */
export function checkAllow(what: string, allow: Allow | undefined): Allowed {
  if (allow === undefined) return everybody;
  if (typeof allow === "function") return (id) => says(allow, id);
  if (!Array.isArray(allow))
    throw badArgument(`${what} must be a list of public keys or a function`);
  const ids = new Set(allow.map((id: string) => toHex(parseId(id))));
  return (id) => ids.has(id);
}

/** A check that fails has not said yes, and must not end a connection either. */
function says(allow: (id: string) => boolean, id: string): boolean {
  try {
    return allow(id) === true;
  } catch {
    return false;
  }
}

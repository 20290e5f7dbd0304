import { encodeText } from "../bytes/text.ts";
import { badArgument } from "../errors.ts";
import { MAX_NAME } from "../frame/type.ts";

/** Names that begin with this are the library's own. */
const RESERVED = "$";

/** Whether a role is a user's, not one of the library's own. */
export const isVisible = (role: string): boolean => !role.startsWith(RESERVED);

/**
 * Checks the name of a role or destination of a user's.
 *
 * @throws TroupeError `BAD_ARGUMENT` when it is empty, too long, or reserved
 */
export function checkRoleName(name: unknown): string {
  if (typeof name !== "string" || name === "")
    throw badArgument("a role's name must be a text that is not empty");
  if (encodeText(name).length > MAX_NAME)
    throw badArgument(`a role's name has at most ${MAX_NAME} bytes`);
  if (name.startsWith(RESERVED))
    throw badArgument(`role "${name}": names that begin with ${RESERVED} are reserved`);
  return name;
}

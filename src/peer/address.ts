import { toHex } from "../bytes/bytes.ts";
import { parseId } from "../crypto/identity.ts";
import { badArgument } from "../errors.ts";

/** Where a peer is dialled, and who must be there. */
export interface Address {
  /** Without the pin. */
  readonly url: URL;
  /** The public key in hex that the other end must hold, if any. */
  readonly pin: string | undefined;
  /** One text for all ways to write it: what is remembered of it goes by this. */
  readonly key: string;
}

/**
 * Reads `ws://host:port/path#<public key>`, pin and path being optional.
 *
 * @throws TroupeError `BAD_ARGUMENT` saying what is wrong with it
 */
export function parseAddress(text: unknown): Address {
  if (typeof text !== "string") throw badArgument("an address must be a text like ws://host:port");
  const url = parseUrl(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw badArgument(
      `address "${text}": scheme ${url.protocol.slice(0, -1)} is not spoken; use ws or wss`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw badArgument(
      `address "${url.host}": user and password are not used; see addPresharedKey()`,
    );
  }
  const pin = url.hash === "" ? undefined : toHex(parseId(url.hash.slice(1)));
  url.hash = "";
  return { url, pin, key: url.href };
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw badArgument(`address "${text}" is no URL; write it like ws://host:port`, { cause });
  }
}

import type { PeerOptions } from "./options.ts";
import { Peer } from "./peer.ts";

let singleton: Peer | undefined;

/**
 * The peer that all modules of a process may share: made by the first call, with its options, and the
 * same one for every call after that.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 * @example
 * ```ts
 * import { Singleton } from "troupe";
 *
 * const peer = Singleton({ name: "the one" });
 * console.log(Singleton() === peer, Singleton().name); // true the one
 * ```
 */
export function Singleton(options?: PeerOptions): Peer {
  singleton ??= new Peer(options);
  return singleton;
}

import { badArgument } from "../errors.ts";

/**
 * `#identity-file` outside Node, where there are no files.
 *
 * @throws TroupeError `BAD_ARGUMENT`, always
 */
export function loadOrCreateSeed(
  path: string,
  _randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  throw badArgument(
    `cannot keep an identity in the file ${path}: there are no files here; ` +
      "store a seed of 32 random bytes yourself (in IndexedDB, say) and pass that",
  );
}

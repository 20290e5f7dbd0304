import { readFileSync } from "node:fs";
import { join } from "../../src/bytes/bytes.ts";
import { provider as node } from "../../src/crypto/default.node.ts";
import { provider as browser } from "../../src/crypto/default.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { Aead, CryptoProvider, MaybePromise, Sealed } from "../../src/crypto/provider.ts";

await node.preparePake();

/** The providers with code of their own: one suite runs over each. */
export const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ["noble", noble],
  ["node", node],
];

/** With the one that is noble's but for large records. */
export const AEAD_PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ...PROVIDERS,
  ["browser", browser],
];

/** A record as it travels, the tag behind the ciphertext, by a provider that answers at once or later. */
export async function sealing(
  aead: Aead,
  counter: number,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return whole(await aead.seal(counter, plaintext));
}

/** The same, of a provider that answers at once. */
export function whole(sealed: MaybePromise<Sealed>): Uint8Array {
  if (sealed instanceof Promise) throw new Error("it answers later");
  return join(sealed.ciphertext, sealed.tag);
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A plain Uint8Array, as browsers have it. */
export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** `length` bytes that look random and are the same in every run. */
export function pattern(length: number, start = 0): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => ((i + start) * 167 + ((i + start) >> 8) * 31) & 0xff,
  );
}

/** What test/vectors/crypto-`name`.json holds. */
export function vectors<T>(name: string): T {
  const file = new URL(`../vectors/crypto-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

/** `bytes` with one bit turned over. */
export function flipped(original: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(original);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

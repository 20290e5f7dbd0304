import type { CryptoProvider } from "../crypto/provider.ts";

/** Numbers for which random bytes are drawn at once: asking the system costs as much as half a call. */
const DRAWN = 256;
const BYTES = 3;

/** Numbers uniform in [0, 1), of 24 random bits each, as picks need them: many and quick, no secrets. */
export function randomFractions(provider: Pick<CryptoProvider, "randomBytes">): () => number {
  let bytes: Uint8Array = new Uint8Array();
  let at = 0;
  const next = (): number => bytes[at++] ?? 0;
  return () => {
    if (at >= bytes.length) {
      bytes = provider.randomBytes(DRAWN * BYTES);
      at = 0;
    }
    return (next() * 65536 + next() * 256 + next()) / 2 ** 24;
  };
}

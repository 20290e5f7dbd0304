import type { CryptoProvider } from "./provider.ts";

/** A number uniform in [0, 1), of 24 random bits: enough for jitter, not for secrets. */
export function randomFraction(provider: CryptoProvider): number {
  const [a = 0, b = 0, c = 0] = provider.randomBytes(3);
  return (a * 65536 + b * 256 + c) / 2 ** 24;
}

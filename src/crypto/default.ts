import { browserAead } from "./browser-aead.ts";
import { noble } from "./noble.ts";
import type { CryptoProvider } from "./provider.ts";

/** `#crypto` outside Node: @noble for everything but large records, which WebCrypto seals and opens. */
export const provider: CryptoProvider = {
  ...noble,
  aead: (key) => browserAead(key, subtleHere()),
};

/** Browsers leave it out, against its type, on pages that came by plain HTTP. */
const subtleHere = (): SubtleCrypto | undefined => globalThis.crypto.subtle;

import { exactly } from "./exactly.ts";
import { detached, KEY_BYTES, nonceOf, notAuthentic, TAG_BYTES } from "./gcm-record.ts";
import { noble } from "./noble.ts";
import type { Aead, MaybePromise, Sealed } from "./provider.ts";

/**
 * Plaintext bytes from which WebCrypto is asked. A call costs about 0.1 ms whatever its size, which
 * is what JavaScript takes for 4 KiB; at 64 KiB WebCrypto is ten times faster, and beside the page's
 * own thread.
 */
export const WEBCRYPTO_FROM = 4096;

/**
 * AES-256-GCM where Node's is not to be had: small records at once, by @noble/ciphers; large ones
 * later, by WebCrypto.
 *
 * @param subtle - `undefined` on pages without a secure context, where all is done at once
 */
export function browserAead(key: Uint8Array, subtle: SubtleCrypto | undefined): Aead {
  const small = noble.aead(key);
  return subtle === undefined ? small : new BrowserAead(key, small, subtle);
}

class BrowserAead implements Aead {
  readonly #raw: Uint8Array;
  readonly #small: Aead;
  readonly #subtle: SubtleCrypto;
  /** Imported when the first large record comes: most connections never see one. */
  #key: Promise<CryptoKey> | undefined;

  constructor(raw: Uint8Array, small: Aead, subtle: SubtleCrypto) {
    exactly(KEY_BYTES, raw, "AES-256-GCM key");
    this.#raw = raw;
    this.#small = small;
    this.#subtle = subtle;
  }

  seal(counter: number, plaintext: Uint8Array): MaybePromise<Sealed> {
    if (plaintext.length < WEBCRYPTO_FROM) return this.#small.seal(counter, plaintext);
    return this.#sealLater(nonceOf(counter), plaintext.slice());
  }

  open(counter: number, sealed: Uint8Array): MaybePromise<Uint8Array> {
    if (sealed.length - TAG_BYTES < WEBCRYPTO_FROM) return this.#small.open(counter, sealed);
    return this.#openLater(nonceOf(counter), sealed.slice());
  }

  // Both get copies: while the key is being imported the caller may write to its buffer.

  async #sealLater(
    iv: Uint8Array<ArrayBuffer>,
    plaintext: Uint8Array<ArrayBuffer>,
  ): Promise<Sealed> {
    const sealed = await this.#subtle.encrypt(
      { name: "AES-GCM", iv },
      await this.#imported(),
      plaintext,
    );
    return detached(new Uint8Array(sealed));
  }

  async #openLater(
    iv: Uint8Array<ArrayBuffer>,
    sealed: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array> {
    const key = await this.#imported();
    try {
      return new Uint8Array(await this.#subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
    } catch (error) {
      throw notAuthentic({ cause: error });
    }
  }

  #imported(): Promise<CryptoKey> {
    this.#key ??= this.#subtle.importKey("raw", this.#raw.slice(), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ]);
    return this.#key;
  }
}

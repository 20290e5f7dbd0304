import { createCipheriv, createDecipheriv } from "node:crypto";
import { exactly } from "./exactly.ts";
import { KEY_BYTES, NONCE_BYTES, notAuthentic, putNonce, TAG_BYTES } from "./gcm-record.ts";
import type { Aead, Sealed } from "./provider.ts";

const AES = "aes-256-gcm";
/** Without it OpenSSL would take shorter tags, which are easier to guess. */
const OPTIONS = { authTagLength: TAG_BYTES };
/** One for all: OpenSSL copies it before the call that gets it returns. */
const nonce = new Uint8Array(NONCE_BYTES);

/**
 * AES-256-GCM by OpenSSL, at once: the hottest path there is. Its state is a reference to the
 * caller's 32 bytes; a KeyObject is no faster and would be one more copy for each connection.
 */
export class NodeAead implements Aead {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    exactly(KEY_BYTES, key, "AES-256-GCM key");
    this.#key = key;
  }

  seal(counter: number, plaintext: Uint8Array): Sealed {
    putNonce(nonce, counter);
    const cipher = createCipheriv(AES, this.#key, nonce, OPTIONS);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return { ciphertext, tag: cipher.getAuthTag() };
  }

  open(counter: number, sealed: Uint8Array): Uint8Array {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) throw notAuthentic();
    putNonce(nonce, counter);
    const decipher = createDecipheriv(AES, this.#key, nonce, OPTIONS);
    decipher.setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch (error) {
      throw notAuthentic({ cause: error });
    }
    return plaintext;
  }
}

import { provider } from "#crypto";
import { encodeText } from "../bytes/text.ts";
import { badArgument } from "../errors.ts";
import { MAX_KEY_ID } from "../session/suite.ts";

/** The pre-shared keys of a peer, and what it takes to prove them. */
export class PresharedKeys {
  readonly #keys = new Map<string, Uint8Array>();
  #ready: Promise<void> | undefined;

  /** By id. */
  get keys(): ReadonlyMap<string, Uint8Array> {
    return this.#keys;
  }

  /** Resolves when they can be proved; at once when there are none. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** @throws TroupeError `BAD_ARGUMENT` for an empty or too long id, or an empty key */
  add(id: string, key: string | Uint8Array): void {
    const bytes = typeof key === "string" ? encodeText(key) : key;
    if (typeof id !== "string" || id === "" || encodeText(id).length > MAX_KEY_ID) {
      throw badArgument(`a pre-shared key's id must be a text of 1 to ${MAX_KEY_ID} bytes`);
    }
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) {
      throw badArgument("a pre-shared key must not be empty: an empty one would keep nobody out");
    }
    this.#keys.set(id, Uint8Array.from(bytes));
    this.#ready ??= provider.preparePake();
  }
}

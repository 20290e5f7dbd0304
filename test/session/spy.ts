import type { Aead, CryptoProvider } from "../../src/crypto/provider.ts";

/** One use of BLAKE2b by the key schedule, taken apart. */
export interface Derivation {
  readonly label: string;
  readonly fields: readonly Uint8Array[];
  readonly key: Uint8Array | undefined;
  readonly result: Uint8Array;
}

/** One record that was sealed. */
export interface Sealing {
  readonly key: Uint8Array;
  readonly counter: number;
  readonly plaintext: Uint8Array;
}

/** A provider that remembers what it is asked for: how tests see keys that no side shows. */
export class Spy {
  readonly crypto: CryptoProvider;
  readonly derivations: Derivation[] = [];
  readonly sealings: Sealing[] = [];
  readonly sharedSecrets: Uint8Array[] = [];
  /** What a CPace exchange gave: our share, and the key once it is finished. */
  readonly exchanges: { readonly share: Uint8Array; sessionKey?: Uint8Array }[] = [];

  constructor(crypto: CryptoProvider) {
    this.crypto = {
      ...crypto,
      blake2b256: (message, key) => {
        const result = crypto.blake2b256(message, key);
        this.derivations.push({ ...takenApart(message), key, result });
        return result;
      },
      agreement: (secret) => {
        const { publicKey, agree } = crypto.agreement(secret);
        return {
          publicKey,
          agree: (theirs) => {
            const shared = agree(theirs);
            this.sharedSecrets.push(shared);
            return shared;
          },
        };
      },
      aead: (key) => this.#aead(Uint8Array.from(key), crypto.aead(key)),
      pake: (input, scalar) => {
        const step = crypto.pake(input, scalar);
        const exchange: { share: Uint8Array; sessionKey?: Uint8Array } = { share: step.share };
        this.exchanges.push(exchange);
        return {
          share: step.share,
          finish: (theirs) => {
            exchange.sessionKey = step.finish(theirs);
            return exchange.sessionKey;
          },
        };
      },
    };
  }

  /** What was derived under a label, in order. */
  derived(label: string): Uint8Array[] {
    return this.derivations.filter((one) => one.label === label).map(({ result }) => result);
  }

  /** The first thing derived under a label. */
  first(label: string): Uint8Array {
    const [result] = this.derived(label);
    if (result === undefined) throw new Error(`nothing was derived as "${label}"`);
    return result;
  }

  #aead(key: Uint8Array, aead: Aead): Aead {
    return {
      seal: (counter, plaintext) => {
        this.sealings.push({ key, counter, plaintext: Uint8Array.from(plaintext) });
        return aead.seal(counter, plaintext);
      },
      open: (counter, sealed) => aead.open(counter, sealed),
    };
  }
}

/** Label and fields, each behind two bytes of length. */
function takenApart(message: Uint8Array): { label: string; fields: Uint8Array[] } {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < message.length; ) {
    const end = at + 2 + ((message[at] ?? 0) << 8) + (message[at + 1] ?? 0);
    parts.push(message.slice(at + 2, end));
    at = end;
  }
  const [label, ...fields] = parts;
  return { label: new TextDecoder().decode(label).replace("troupe monte/2 ", ""), fields };
}

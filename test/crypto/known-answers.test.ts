import { describe, expect, test } from "vitest";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { AEAD_PROVIDERS, bytes, hex, PROVIDERS, sealing, vectors } from "./support.ts";

interface Blake2b {
  readonly cases: readonly {
    readonly message: string;
    readonly key?: string;
    readonly hash: string;
  }[];
}
interface X25519 {
  readonly products: readonly {
    readonly scalar: string;
    readonly u: string;
    readonly product: string;
  }[];
  readonly iterated: readonly { readonly count: number; readonly result: string }[];
  readonly agreement: Readonly<
    Record<"aliceSecret" | "alicePoint" | "bobSecret" | "bobPoint" | "shared", string>
  >;
}
interface Ed25519 {
  readonly cases: readonly Readonly<
    Record<"comment" | "seed" | "publicKey" | "message" | "signature", string>
  >[];
}
interface Aead {
  readonly cases: readonly (Readonly<Record<"comment" | "key" | "plaintext" | "sealed", string>> & {
    readonly counter: number;
  })[];
}

describe.each(PROVIDERS)("the %s provider", (_, provider) => {
  test.each(vectors<Blake2b>("blake2b").cases)(
    "hashes $message under key $key as BLAKE2b-256 does",
    ({ message, key, hash }) => {
      expect(hex(provider.blake2b256(bytes(message), key === undefined ? key : bytes(key)))).toBe(
        hash,
      );
    },
  );

  test.each(vectors<X25519>("x25519").products)(
    "multiplies $u by $scalar",
    ({ scalar, u, product }) => {
      expect(hex(provider.agreement(bytes(scalar)).agree(bytes(u)))).toBe(product);
    },
  );

  test("gives the key pairs and the secret of RFC 7748, section 6.1", () => {
    const { aliceSecret, alicePoint, bobSecret, bobPoint, shared } =
      vectors<X25519>("x25519").agreement;
    const alice = provider.agreement(bytes(aliceSecret));
    const bob = provider.agreement(bytes(bobSecret));
    expect(hex(alice.publicKey)).toBe(alicePoint);
    expect(hex(bob.publicKey)).toBe(bobPoint);
    expect(hex(alice.agree(bob.publicKey))).toBe(shared);
    expect(hex(bob.agree(alice.publicKey))).toBe(shared);
  });

  test.each(vectors<X25519>("x25519").iterated)(
    "iterates X25519 $count times",
    ({ count, result }) => {
      expect(hex(iterate(provider, count))).toBe(result);
    },
  );

  test.each(vectors<Ed25519>("ed25519").cases)(
    "derives, signs and verifies as in RFC 8032, $comment",
    ({ seed, publicKey, message, signature }) => {
      const signer = provider.signer(bytes(seed));
      expect(hex(signer.publicKey)).toBe(publicKey);
      expect(hex(signer.sign(bytes(message)))).toBe(signature);
      expect(provider.verify(bytes(signature), bytes(message), bytes(publicKey))).toBe(true);
    },
  );
});

describe.each(AEAD_PROVIDERS)("the %s provider", (_, provider) => {
  test.each(vectors<Aead>("aead").cases)(
    "seals and opens $comment",
    async ({ key, counter, plaintext, sealed }) => {
      const aead = provider.aead(bytes(key));
      expect(hex(await sealing(aead, counter, bytes(plaintext)))).toBe(sealed);
      expect(hex(await aead.open(counter, bytes(sealed)))).toBe(plaintext);
    },
  );
});

/** RFC 7748, section 5.2: each result becomes the scalar, each scalar the next coordinate. */
function iterate(provider: CryptoProvider, count: number): Uint8Array {
  let scalar = new Uint8Array(32);
  scalar[0] = 9;
  let u = scalar;
  for (let i = 0; i < count; i++) {
    [scalar, u] = [Uint8Array.from(provider.agreement(scalar).agree(u)), scalar];
  }
  return scalar;
}

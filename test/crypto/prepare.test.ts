import { expect, it } from "vitest";
import { provider } from "../../src/crypto/default.node.ts";

it("refuses a pre-shared key exchange whose code was not loaded, and takes it afterwards", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const input = { password: bytes, channel: bytes, sessionId: bytes, side: "initiator" } as const;
  const scalar = new Uint8Array(64).fill(7);
  expect(() => provider.pake(input, scalar)).toThrow("preparePake");
  await provider.preparePake();
  expect(provider.pake(input, scalar).share).toHaveLength(32);
});

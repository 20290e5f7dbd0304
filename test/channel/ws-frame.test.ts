import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { FRAME_BYTES, writeMessage } from "../../src/channel/ws-frame.node.ts";
import { hex, pattern } from "../crypto/support.ts";

/** What leaves for a message of `length` bytes, the last `tail` of them apart. */
function left(length: number, masked: boolean, tail?: number): string {
  const socket = new PassThrough({ highWaterMark: 2 ** 20 });
  const message = pattern(length);
  if (tail === undefined) writeMessage(socket, masked, message, undefined);
  else writeMessage(socket, masked, message.subarray(0, -tail), message.subarray(-tail));
  return hex(socket.read() as Buffer);
}

describe("a message leaves as one WebSocket frame, the shortest there is (RFC 6455, section 5.2)", () => {
  test.each<[number, string, string]>([
    [0, "8200", "828000000000"],
    [1, "8201", "828100000000"],
    [125, "827d", "82fd00000000"],
    [126, "827e007e", "82fe007e00000000"],
    [2048, "827e0800", "82fe080000000000"],
    [2049, "827e0801", "82fe080100000000"],
    [65_535, "827effff", "82feffff00000000"],
    [65_536, "827f0000000000010000", "82ff000000000001000000000000"],
    [100_000, "827f00000000000186a0", "82ff00000000000186a000000000"],
  ])("of %i bytes", (length, plain, masked) => {
    const body = hex(pattern(length));
    expect(left(length, false)).toBe(plain + body);
    expect(left(length, true)).toBe(masked + body);
    expect(masked.length / 2).toBeLessThanOrEqual(FRAME_BYTES);
    if (length < 16) return;
    expect(left(length, false, 16)).toBe(left(length, false));
    expect(left(length, true, 16)).toBe(left(length, true));
  });
});

test.each([10, 5000])(
  "says when the last of a message of %i bytes has been taken",
  async (length) => {
    for (const tail of [undefined, pattern(16)]) {
      const socket = new PassThrough();
      await new Promise<void>((taken) => {
        writeMessage(socket, true, pattern(length), tail, taken);
        socket.resume();
      });
      expect(socket.writableLength).toBe(0);
    }
  },
);

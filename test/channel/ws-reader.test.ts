import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, pattern } from "../crypto/support.ts";
import { liveBytes } from "../integration/memory.ts";
import { Line, open, type Reading, type Side, turn } from "./line.ts";
import { BINARY, breaches, CLOSE, PING, pieces, sent, streams } from "./traffic.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const SIDES: readonly Side[] = ["client", "server"];
const LIMIT = 100_000;
const KIB = 1024;
const MIB = KIB * KIB;

describe.each(SIDES)("a binary message that comes to a %s (RFC 6455, section 5.2)", (side) => {
  it.each<[number, string, string]>([
    [0, "8200", "828000000000"],
    [1, "8201", "828100000000"],
    [125, "827d", "82fd00000000"],
    [126, "827e007e", "82fe007e00000000"],
    [65_535, "827effff", "82feffff00000000"],
    [65_536, "827f0000000000010000", "82ff000000000001000000000000"],
    [LIMIT, "827f00000000000186a0", "82ff00000000000186a000000000"],
  ])("of %i bytes is read, whole or cut anywhere in its header", async (length, plain, masked) => {
    const header = side === "server" ? masked : plain;
    const body = hex(pattern(length));
    const frame = Buffer.from(header + body, "hex");
    const { line, messages } = await open(side, "by the reader", LIMIT);
    for (let cut = 0; cut <= header.length / 2 + 1; cut++) {
      line.push(frame.subarray(0, cut));
      line.push(frame.subarray(cut));
      await turn();
      expect(hex(messages.pop() ?? pattern(1, 9))).toBe(body);
    }
    expect(messages).toEqual([]);
  });

  it("is read byte by byte", async () => {
    const { line, messages } = await open(side, "by the reader", LIMIT);
    const all = [5000, 0, 7].map((length) => pattern(length));
    for (const byte of Buffer.concat(all.map((message) => sent(side, BINARY, message)))) {
      line.push(Buffer.of(byte));
    }
    await turn();
    expect(messages.map(hex)).toEqual(all.map(hex));
  });

  it("may say a short length in a long form", async () => {
    const { line, messages } = await open(side, "by the reader", LIMIT);
    line.push(sent(side, BINARY, pattern(3), { form: 2 }));
    line.push(sent(side, BINARY, pattern(4), { form: 8 }));
    await turn();
    expect(messages).toEqual([pattern(3), pattern(4)]);
  });
});

describe.each(SIDES)("whatever comes to a %s", (side) => {
  /** All that is heard and answered until the line ends. */
  async function played(
    reading: Reading,
    chunks: readonly (readonly [Buffer, boolean])[],
  ): Promise<{ heard: string[]; answered: string }> {
    const { line, heard, closed } = await open(side, reading, LIMIT);
    for (const [chunk, wait] of chunks) {
      // A copy: `ws` unmasks in place.
      line.push(Buffer.from(chunk));
      if (wait) await turn();
    }
    line.push(null);
    await closed;
    return { heard, answered: hex(line.written) };
  }

  it("is heard and answered as by ws alone, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(pieces(streams(side, LIMIT)), async (chunks) => {
        const alone = await played("by ws alone", chunks);
        expect(await played("by the reader", chunks)).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });

  it.each(breaches(side, LIMIT))(
    "ends it by its close code when it is %s",
    async (_what, bad, code) => {
      const { line, heard, closed } = await open(side, "by the reader", LIMIT);
      const good = sent(side, BINARY, pattern(2));
      line.push(Buffer.concat([good, bad, good]));
      await turn();
      const close = Buffer.from([
        0x88,
        side === "server" ? 2 : 0x82,
        ...(side === "server" ? [] : [0, 0, 0, 0]),
        code >> 8,
        code & 0xff,
      ]);
      expect(hex(line.written)).toBe(hex(close));
      line.push(null);
      await closed;
      expect(heard.filter((what) => what.startsWith("message"))).toEqual([
        `message ${hex(pattern(2))}`,
      ]);
      expect(line.listenerCount("data")).toBe(0);
    },
  );

  it("is heard in order when it comes while a message is being answered", async () => {
    const opened = await open(side, "by the reader", LIMIT);
    const { line, messages } = opened;
    const lengths = [1, 5000, 3, 4];
    const stream = Buffer.concat(lengths.map((length) => sent(side, BINARY, pattern(length))));
    // As from another end in this process that does all it can at once.
    opened.onMessage = () => {
      if (messages.length > 1) return;
      line.push(stream.subarray(3000, 5020));
      line.push(stream.subarray(5020));
    };
    line.push(stream.subarray(0, 3000));
    await turn();
    expect(messages.map(hex)).toEqual(lengths.map((length) => hex(pattern(length))));
  });

  it("may come in pieces that are no Buffers, from a stream of objects", async () => {
    const line = new Line({ readableObjectMode: true });
    const { messages } = await open(side, "by the reader", LIMIT, line);
    line.push(Uint8Array.from(sent(side, BINARY, pattern(70_000))));
    await turn();
    expect(messages.map(hex)).toEqual([hex(pattern(70_000))]);
  });

  describe("and is in a paused socket when that is destroyed", () => {
    it.each(["by ws alone", "by the reader"] as const)("is heard %s", async (reading) => {
      const { line, heard, closed } = await open(side, reading, LIMIT);
      const message = sent(side, BINARY, pattern(1000));
      line.push(message.subarray(0, 500));
      line.pause();
      line.push(Buffer.concat([message.subarray(500), sent(side, PING, pattern(3)), message]));
      line.destroy();
      await closed;
      const whole = `message ${hex(pattern(1000))}`;
      expect(heard).toEqual([whole, `ping ${hex(pattern(3))}`, whole, "close 1006 "]);
    });

    it("is no message of its own, though it looks like one and is within another", async () => {
      const { line, heard, closed } = await open(side, "by the reader", LIMIT);
      const within = sent(side, BINARY, pattern(3));
      line.push(sent(side, BINARY, new Uint8Array(), { declared: 1000n }));
      line.pause();
      line.push(within);
      line.destroy();
      await closed;
      expect(heard).toEqual(["close 1006 "]);
    });

    it("is not read any more behind a goodbye", async () => {
      const { line, heard, closed } = await open(side, "by the reader", LIMIT);
      line.push(sent(side, CLOSE, Uint8Array.of(3, 232)));
      await turn();
      line.pause();
      line.push(sent(side, BINARY, pattern(3)));
      line.destroy();
      await closed;
      expect(heard).toEqual(["close 1000 "]);
    });

    it("is left to ws when that has begun to read", async () => {
      const { line, heard, closed } = await open(side, "by the reader", LIMIT);
      line.push(sent(side, 0x02, pattern(3)));
      await turn();
      line.pause();
      line.push(sent(side, 0x80, pattern(4)));
      line.destroy();
      await closed;
      expect(heard).toEqual([`message ${hex(pattern(3))}${hex(pattern(4))}`, "close 1006 "]);
    });
  });

  it("leaves the socket without our listener once the other side has said goodbye", async () => {
    const { line, heard, closed } = await open(side, "by the reader", LIMIT);
    const message = sent(side, BINARY, pattern(3));
    line.push(Buffer.concat([message, sent(side, CLOSE, Uint8Array.of(3, 232)), message]));
    await turn();
    expect(line.listenerCount("data")).toBe(0);
    line.push(message);
    line.push(null);
    await closed;
    expect(heard).toEqual([`message ${hex(pattern(3))}`, "close 1000 "]);
  });
});

describe("the memory of what comes", () => {
  const side = "server";

  it("is no more than has come, however much is announced", async () => {
    const limit = 16 * MIB;
    const lines = await Promise.all(
      Array.from({ length: 100 }, () => open(side, "by the reader", limit)),
    );
    const before = process.memoryUsage().arrayBuffers;
    for (const { line } of lines) {
      line.push(sent(side, BINARY, pattern(10), { declared: BigInt(limit) }));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(lines.length * 4 * KIB);
  });

  it("is not that of a spare buffer while little has come", async () => {
    const begin = sent(side, BINARY, pattern(1), { declared: BigInt(LIMIT) });
    const large = sent(side, BINARY, pattern(LIMIT));
    const busy = await open(side, "by the reader", LIMIT);
    const idle = await Promise.all(
      Array.from({ length: 50 }, () => open(side, "by the reader", LIMIT)),
    );
    const before = await liveBytes();
    for (const { line } of idle) {
      // Leaves a spare buffer that is large.
      busy.line.push(large.subarray(0, 50_000));
      busy.line.push(large.subarray(50_000));
      busy.messages.pop();
      busy.heard.pop();
      line.push(begin);
    }
    await turn();
    expect((await liveBytes()) - before).toBeLessThan(idle.length * 10 * KIB);
  });

  it("is not shared by messages that come at once", async () => {
    const lines = await Promise.all([0, 1, 2].map(() => open(side, "by the reader", LIMIT)));
    const cuts = [0, 1000, 6000, undefined];
    for (const [place, cut] of cuts.slice(0, -1).entries()) {
      for (const [i, { line }] of lines.entries()) {
        line.push(sent(side, BINARY, pattern(10_000, i)).subarray(cut, cuts[place + 1]));
      }
    }
    await turn();
    for (const [i, { messages }] of lines.entries()) {
      expect(messages.map(hex)).toEqual([hex(pattern(10_000, i))]);
    }
  });

  it("is used again for what comes in several chunks", async () => {
    const opened = await open(side, "by the reader", LIMIT);
    const buffers = new Set<ArrayBufferLike>();
    opened.onMessage = ({ buffer }) => buffers.add(buffer);
    const message = sent(side, BINARY, pattern(LIMIT));
    for (let i = 0; i < 10; i++) {
      opened.line.push(message.subarray(0, 50_000));
      opened.line.push(message.subarray(50_000));
    }
    expect(opened.messages.length).toBe(10);
    expect(buffers.size).toBe(1);
  });

  it("is little more than a message when that drips", async () => {
    const { line, messages } = await open(side, "by the reader", MIB);
    const message = sent(side, BINARY, pattern(MIB));
    const last = message.length - 1;
    const before = await liveBytes();
    for (let at = 0, size = 1; at < last; at += size, size = 1 + (at % 7)) {
      line.push(message.subarray(at, Math.min(at + size, last)));
    }
    expect((await liveBytes()) - before).toBeLessThan(2.5 * MIB);
    expect(messages).toEqual([]);
    line.push(message.subarray(last));
    await turn();
    expect(hex(messages[0] ?? pattern(0))).toBe(hex(pattern(MIB)));
  });
});

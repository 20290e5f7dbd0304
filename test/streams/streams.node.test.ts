import { once } from "node:events";
import { type Duplex, type Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import type { StreamUser } from "../../src/connection/stream.ts";
import { TroupeError } from "../../src/errors.ts";
import { duplexEnd, readableEnd, writableEnd } from "../../src/streams/streams.node.ts";
import { FakeEnd, failure, MemoryEnd, pattern, turn } from "./support.ts";

const refused = new TroupeError("REJECTED", "no such file");
const GAVE_UP = "CANCELLED: the other side gave the stream up";

afterEach(() => {
  vi.unstubAllGlobals();
});

function begun<S>(made: { stream: S; user: StreamUser }): {
  stream: S;
  user: StreamUser;
  end: FakeEnd;
} {
  const end = new FakeEnd();
  made.user.begin(end);
  return { ...made, end };
}

/** How often a stream has closed, once it cannot any more. */
async function closes(stream: Readable | Writable): Promise<() => number> {
  let count = 0;
  stream.on("close", () => count++);
  await turn();
  return () => count;
}

describe("a Readable", () => {
  test("gives Buffers within the call that brings them, once its listener waits", async () => {
    const { stream, user, end } = begun(readableEnd());
    const heard: unknown[] = [];
    stream.on("data", (chunk) => heard.push(chunk));
    await turn();
    user.data(pattern(3));
    user.data(pattern(4));
    expect(heard).toEqual([Buffer.from(pattern(3)), Buffer.from(pattern(4))]);
    expect(end.calls).toEqual(["demand", "read 3", "read 4"]);
  });

  test("takes no more than it may hold and one chunk, and keeps the order of the rest", async () => {
    const { stream, user, end } = begun(readableEnd({ highWaterMark: 10 }));
    stream.on("readable", () => {});
    await turn();
    for (let i = 0; i < 5; i++) user.data(pattern(6, 6 * i));
    await turn();
    expect(end.calls).toEqual(["demand", "read 6", "read 6"]);
    user.ended();
    stream.removeAllListeners("readable");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(concat(...chunks)).toEqual(pattern(30));
  });

  test("that is left within a loop tells the other side that nobody reads", async () => {
    const { stream, user, end } = begun(readableEnd());
    user.data(pattern(3));
    for await (const _ of stream) break;
    expect([end.calls.at(-1), stream.destroyed]).toEqual([`stop ${GAVE_UP}`, true]);
  });

  test("lets a listener that throws neither disturb the caller nor stop the stream", async () => {
    const thrown: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (job: () => void) => {
      try {
        job();
      } catch (error) {
        thrown.push(error);
      }
    });
    const { stream, user, end } = begun(readableEnd());
    const error = new Error("of the user's own code");
    let heard = 0;
    stream.on("data", () => {
      if (heard++ === 0) throw error;
    });
    await turn();
    user.data(pattern(3));
    user.data(pattern(4));
    expect([heard, thrown]).toEqual([2, [error]]);
    expect(end.calls).toEqual(["demand", "read 3", "read 4"]);
  });

  test("that another stream fails is stopped for what failed", async () => {
    const { stream, user, end } = begun(readableEnd());
    user.data(pattern(3));
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error("disk full")) });
    expect(await failure(pipeline(stream, full))).toEqual(new Error("disk full"));
    expect(end.calls.at(-1)).toBe("stop REJECTED: disk full");
  });
});

describe("a Writable", () => {
  test("encodes text as it is told", async () => {
    const { stream, end } = begun(writableEnd());
    stream.write("grün");
    stream.write("ff00", "hex");
    stream.setDefaultEncoding("latin1").end("ü");
    await once(stream, "close");
    expect(end.written.map((bytes) => [...bytes])).toEqual([
      [0x67, 0x72, 0xc3, 0xbc, 0x6e],
      [0xff, 0x00],
      [0xfc],
    ]);
  });

  test("says when there is no room, and when there is again", async () => {
    const { stream, user, end } = begun(writableEnd({ highWaterMark: 10 }));
    end.leaves = false;
    expect([stream.write(pattern(6)), stream.write(pattern(6))]).toEqual([true, false]);
    const drained = once(stream, "drain");
    user.flushed();
    user.flushed();
    await drained;
    expect(stream.writableLength).toBe(0);
  });

  test("lets a listener that throws not disturb the caller", () => {
    const thrown: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (job: () => void) => {
      try {
        job();
      } catch (error) {
        thrown.push(error);
      }
    });
    const { stream, user, end } = begun(writableEnd({ highWaterMark: 1 }));
    const error = new Error("of the user's own code");
    stream.on("drain", () => {
      throw error;
    });
    end.leaves = false;
    stream.write(pattern(6));
    user.flushed();
    expect(thrown).toEqual([error]);
  });

  test("writes what was corked, chunk by chunk", async () => {
    const { stream, end } = begun(writableEnd());
    stream.cork();
    stream.write(pattern(1));
    stream.write(pattern(2));
    expect(end.calls).toEqual([]);
    stream.end();
    await once(stream, "close");
    expect(end.calls).toEqual(["write 1", "write 2", "end"]);
  });
});

describe("a Duplex", () => {
  test("may still write when a loop has read it to its end", async () => {
    const { stream, user, end } = begun(duplexEnd());
    user.data(pattern(3));
    user.ended();
    for await (const chunk of stream) stream.write(chunk);
    stream.end(pattern(4));
    await finished(stream);
    expect(end.calls).toEqual(["demand", "read 3", "write 3", "write 4", "end"]);
  });

  test("that is left within a loop is given up both ways", async () => {
    const { stream, user, end } = begun(duplexEnd());
    user.data(pattern(3));
    for await (const _ of stream) break;
    await turn();
    expect(end.calls).toEqual(["demand", "read 3", `stop ${GAVE_UP}`, `abort ${GAVE_UP}`]);
  });

  test.each([
    ["failed", "abort"],
    ["stopped", "stop"],
  ] as const)("whose one half %s gives the other up with the same words", async (how, other) => {
    const { stream, user, end } = begun(duplexEnd());
    const heard = failure(finished(stream));
    user[how](refused);
    expect(await heard).toBe(refused);
    expect(end.calls).toEqual([`${other} REJECTED: no such file`]);
  });

  test("destroyed before it began gives both halves up as it begins", () => {
    const { stream, user } = duplexEnd();
    stream.destroy(new Error("too late"));
    const { end } = begun({ stream, user });
    expect(end.calls).toEqual(["stop REJECTED: too late", "abort REJECTED: too late"]);
  });
});

describe("every stream", () => {
  const makers = [
    ["Readable", () => readableEnd()],
    ["Writable", () => writableEnd()],
    ["Duplex", () => duplexEnd()],
  ] as const;
  const endings: Record<string, (stream: Readable | Writable, user: StreamUser) => void> = {
    "is complete": (stream, user) => {
      user.ended();
      if ("resume" in stream) stream.resume();
      if ("end" in stream) stream.end();
    },
    "is destroyed": (stream) => void stream.destroy(),
    "is destroyed for an error": (stream) => void stream.destroy(new Error("disk full")),
    "loses its connection": (_stream, user) => user.closed(refused),
    "is refused by the other side": (_stream, user) => {
      user.failed(refused);
      user.stopped(refused);
    },
  };
  const cases = makers.flatMap(([name, make]) =>
    Object.entries(endings).map(([how, run]) => ({ name, make, how, run })),
  );

  test.each(cases)("$name closes once when it $how, begun or not", async ({ make, how, run }) => {
    for (const early of [false, true]) {
      const { stream, user } = make();
      // Nobody listens for errors here: the one that is there must keep the process alive.
      expect(stream.eventNames()).toEqual(["error"]);
      const count = await closes(stream);
      const over = failure(finished(stream));
      if (early && how !== "is complete") run(stream, user);
      user.begin(new FakeEnd());
      run(stream, user);
      const error = await over;
      expect(error === undefined).toBe(how === "is complete");
      run(stream, user);
      user.closed(refused);
      await turn();
      expect([count(), stream.closed]).toEqual([1, true]);
    }
  });

  test.each([0, 1, 64 * 1024])("pipes through with a high-water mark of %i", async (mark) => {
    const options = { highWaterMark: mark };
    const [up, down] = [writableEnd(options), readableEnd(options)];
    const [there, back] = [duplexEnd(options), duplexEnd(options)];
    MemoryEnd.pair(up.user, there.user, 5000);
    MemoryEnd.pair(back.user, down.user, 700);
    const chunks: Buffer[] = [];
    const all = [
      pipeline(there.stream as Duplex, back.stream as Duplex),
      pipeline(down.stream, async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) chunks.push(chunk);
      }),
    ];
    // What is not used of the two duplexes ends, too.
    there.stream.end();
    back.user.ended();
    back.stream.resume();
    up.stream.write(pattern(20_000));
    up.stream.end(pattern(3, 20_000));
    await Promise.all([...all, finished(up.stream)]);
    expect(Buffer.compare(concat(...chunks), pattern(20_003))).toBe(0);
  });
});

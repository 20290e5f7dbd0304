import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import * as node from "../../src/streams/streams.node.ts";
import * as web from "../../src/streams/streams.ts";
import { FakeEnd, failure, pattern, turn } from "./support.ts";

const refused = new TroupeError("REJECTED", "no such file");
const lost = new TroupeError("DISCONNECTED", "the connection was lost");

describe.each([
  ["Node", node],
  ["browsers", web],
])("in %s", (_, { readableEnd, writableEnd, duplexEnd }) => {
  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "64", 2 ** 53, {}])(
    "a high-water mark of %s is refused",
    (value) => {
      const options = { highWaterMark: value as number };
      for (const make of [readableEnd, writableEnd, duplexEnd]) {
        expect(() => make(options)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
      }
    },
  );
});

const writables = [
  ["of browsers", () => web.writableEnd()],
  [
    "of Node",
    () => {
      const { stream, user } = node.writableEnd();
      return { stream: stream.toWeb(), user };
    },
  ],
] as const;

describe.each(writables)("a WritableStream %s", (_, make) => {
  test.each([["text"], [12], [null], [undefined], [[1, 2]], [{ length: 1 }]])(
    "fails, and tells the other side, when %j is written",
    async (chunk) => {
      const { stream, user } = make();
      const end = new FakeEnd();
      user.begin(end);
      const writer = stream.getWriter();
      const bad = { code: "BAD_PAYLOAD" };
      expect(await failure(writer.write(chunk as unknown as Uint8Array))).toMatchObject(bad);
      expect(await failure(writer.closed)).toMatchObject(bad);
      expect(end.calls).toEqual([expect.stringMatching(/^abort BAD_PAYLOAD: streams carry bytes/)]);
    },
  );

  test("takes an ArrayBuffer and every view of one as the bytes they are", async () => {
    const { stream, user } = make();
    const end = new FakeEnd();
    user.begin(end);
    const writer = stream.getWriter();
    const bytes = pattern(8);
    const chunks = [
      bytes.buffer,
      new DataView(bytes.buffer, 2, 4),
      new Uint16Array(bytes.buffer, 4),
    ];
    for (const chunk of chunks) await writer.write(chunk as unknown as Uint8Array);
    expect(end.written.map((each) => [...each])).toEqual([
      [...pattern(8)],
      [...pattern(4, 2)],
      [...pattern(4, 4)],
    ]);
  });

  test("is piped to and closed, or aborted for what its source failed of", async () => {
    for (const error of [undefined, new Error("disk full")]) {
      const { stream, user } = make();
      const end = new FakeEnd();
      user.begin(end);
      const source = new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            if (end.calls.length === 0) controller.enqueue(pattern(5));
            else if (error === undefined) controller.close();
            else controller.error(error);
          },
        },
        { highWaterMark: 0 },
      );
      expect(await failure(source.pipeTo(stream))).toBe(error);
      const last = error === undefined ? "end" : "abort REJECTED: disk full";
      expect([end.calls[0], end.calls.at(-1)]).toEqual(["write 5", last]);
    }
  });
});

const readables = [
  ["of browsers", () => web.readableEnd()],
  [
    "of Node",
    () => {
      const { stream, user } = node.readableEnd();
      return { stream: stream.toWeb(), user };
    },
  ],
  [
    "of a Duplex of Node",
    () => {
      const { stream, user } = node.duplexEnd();
      return { stream: stream.toWeb().readable, user };
    },
  ],
] as const;

describe.each(readables)("a ReadableStream %s", (_, make) => {
  // That this compiles is half of it: what is compressed must not be memory of several threads.
  test("goes through the platform's transforms", async () => {
    const { stream, user } = make();
    user.begin(new FakeEnd());
    user.data(pattern(1000));
    user.ended();
    const plain = stream
      .pipeThrough(new CompressionStream("gzip"))
      .pipeThrough(new DecompressionStream("gzip"));
    expect(new Uint8Array(await new Response(plain).arrayBuffer())).toEqual(pattern(1000));
  });

  test("gives no memory that other threads can write to", async () => {
    const { stream, user } = make();
    user.begin(new FakeEnd());
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
    user.data(shared);
    const { value } = await stream.getReader().read();
    shared.fill(0);
    expect([value?.buffer.constructor, [...(value ?? [])]]).toEqual([ArrayBuffer, [7, 7, 7, 7]]);
  });
});

test("a WritableStream that may hold nothing still says that there is room", async () => {
  const { stream, user } = web.writableEnd({ highWaterMark: 0 });
  const end = new FakeEnd();
  user.begin(end);
  const writer = stream.getWriter();
  await writer.ready;
  await writer.write(pattern(3));
  await writer.ready;
  expect(end.calls).toEqual(["write 3"]);
});

describe("of a duplex in browsers one half fails alone:", () => {
  function begun(): { end: FakeEnd } & ReturnType<typeof web.duplexEnd> {
    const made = web.duplexEnd();
    const end = new FakeEnd();
    made.user.begin(end);
    return { ...made, end };
  }

  test("the one that the other side's failure concerns", async () => {
    const { stream, user, end } = begun();
    user.failed(refused);
    expect(await failure(stream.readable.getReader().read())).toBe(refused);
    await stream.writable.getWriter().write(pattern(3));
    expect(end.calls).toEqual(["write 3"]);
  });

  test("the one that the other side does not read", async () => {
    const { stream, user, end } = begun();
    user.stopped(refused);
    expect(await failure(stream.writable.getWriter().closed)).toBe(refused);
    user.data(pattern(3));
    const { value } = await stream.readable.getReader().read();
    expect([value, end.calls]).toEqual([pattern(3), ["demand", "read 3"]]);
  });

  test("the one that is cancelled, or aborted", async () => {
    const { stream, user, end } = begun();
    await stream.readable.cancel("seen enough");
    await stream.writable.abort(new Error("disk full"));
    user.closed(lost);
    await turn();
    expect(end.calls).toEqual(["stop REJECTED: seen enough", "abort REJECTED: disk full"]);
  });
});

describe("toWeb of a Node stream", () => {
  test("gives the same stream every time", () => {
    const [readable, writable, duplex] = [node.readableEnd(), node.writableEnd(), node.duplexEnd()];
    expect(readable.stream.toWeb()).toBe(readable.stream.toWeb());
    expect(writable.stream.toWeb()).toBe(writable.stream.toWeb());
    expect(duplex.stream.toWeb()).toBe(duplex.stream.toWeb());
  });

  test("gives what a stream that is closed already came to", async () => {
    const failed = node.readableEnd();
    failed.user.closed(refused);
    await turn();
    expect(await failure(failed.stream.toWeb().getReader().read())).toBe(refused);

    const destroyed = node.writableEnd();
    destroyed.stream.destroy();
    await turn();
    const { closed } = destroyed.stream.toWeb().getWriter();
    expect(await failure(closed)).toMatchObject({ code: "CANCELLED" });

    const ended = node.readableEnd();
    ended.user.begin(new FakeEnd());
    ended.user.ended();
    ended.stream.resume();
    await turn();
    expect(await ended.stream.toWeb().getReader().read()).toMatchObject({ done: true });
  });

  test("fails with it when it is destroyed, and destroys it when it is given up", async () => {
    const { stream, user } = node.duplexEnd();
    const end = new FakeEnd();
    user.begin(end);
    const { readable, writable } = stream.toWeb();
    const closed = failure(writable.getWriter().closed);
    await readable.cancel(refused);
    expect([await closed, stream.destroyed]).toEqual([refused, true]);
    expect(end.calls).toEqual(["stop REJECTED: no such file", "abort REJECTED: no such file"]);

    const other = node.readableEnd();
    const read = failure(other.stream.toWeb().getReader().read());
    other.stream.destroy();
    expect(await read).toMatchObject({ code: "CANCELLED" });
  });

  test("takes no Node stream that was ended for one that was given up", async () => {
    const { stream, user } = node.writableEnd();
    user.begin(new FakeEnd());
    const writer = stream.toWeb().getWriter();
    stream.end();
    await once(stream, "close");
    const ended = { code: "ERR_STREAM_WRITE_AFTER_END" };
    expect(await failure(writer.write(pattern(1)))).toMatchObject(ended);
  });

  test("gives plain bytes, also of a stream that was told to give text", async () => {
    const { stream, user } = node.readableEnd();
    user.begin(new FakeEnd());
    stream.setEncoding("utf8");
    user.data(Uint8Array.from([0xc3, 0xbc]));
    const { value } = await stream.toWeb().getReader().read();
    expect([value?.constructor, [...(value ?? [])]]).toEqual([Uint8Array, [0xc3, 0xbc]]);
  });
});

import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { all, KITS } from "./kits.ts";
import { FakeEnd, failure, pattern, turn } from "./support.ts";

const GAVE_UP = "CANCELLED: the other side gave the stream up";
const lost = new TroupeError("DISCONNECTED", "the connection was lost");
const refused = new TroupeError("REJECTED", "no such file");

describe.each(KITS)("$name: reading", (kit) => {
  function begun(): { end: FakeEnd } & ReturnType<typeof kit.readable> {
    const made = kit.readable();
    const end = new FakeEnd();
    made.user.begin(end);
    return { ...made, end };
  }

  test("asks for nothing before somebody reads, and then once", async () => {
    const { end, user, side } = begun();
    user.data(pattern(3));
    await turn();
    expect(end.calls).toEqual([]);
    await side.read();
    expect(end.calls.slice(0, 2)).toEqual(["demand", "read 3"]);
    user.data(pattern(3));
    await side.read();
    expect(end.calls.filter((call) => call === "demand")).toHaveLength(1);
  });

  test("waits for its end when it is read before", async () => {
    const { user, side } = kit.readable();
    const read = side.read();
    await turn();
    const end = new FakeEnd();
    user.begin(end);
    expect(end.calls).toEqual(["demand"]);
    user.data(pattern(5));
    expect(await read).toEqual(expect.objectContaining({ length: 5 }));
  });

  test("hands bytes over as they are, and ignores none of 0", async () => {
    const { user, side } = begun();
    const read = side.read();
    await turn();
    const bytes = pattern(100).subarray(10, 20);
    user.data(new Uint8Array(0));
    user.data(bytes);
    const got = await read;
    expect([got?.buffer, got?.byteOffset, got?.length]).toEqual([bytes.buffer, 10, 10]);
  });

  test("ends after all that came before the end", async () => {
    const { end, user, side } = begun();
    user.data(pattern(4000));
    user.data(pattern(6000, 4000));
    user.ended();
    expect(await all(side)).toEqual(pattern(10_000));
    await turn();
    expect(end.calls).toEqual(["demand", "read 4000", "read 6000"]); // what waits takes room till then
  });

  test("hands small chunks that had to wait over as one", async () => {
    const { end, user, side } = begun();
    for (let i = 0; i < 10; i++) user.data(pattern(6, 6 * i));
    user.ended();
    expect(await side.read()).toEqual(expect.objectContaining({ length: 60 }));
    expect(await side.read()).toBeUndefined();
    expect(end.calls).toEqual(["demand", "read 60"]);
  });

  test("takes a stream that has ended before it is read, empty or not", async () => {
    const { end, user, side } = begun();
    user.ended();
    await turn();
    expect(end.calls).toEqual([]);
    expect(await side.read()).toBeUndefined();
    expect(end.calls).toEqual(["demand"]);
  });

  test("keeps the order when using bytes up brings more at once", async () => {
    const { end, user, side } = begun();
    user.data(pattern(4));
    user.data(pattern(6, 4));
    end.onRead = () => {
      end.onRead = () => {};
      user.data(pattern(5, 10));
      user.ended();
    };
    expect(await all(side)).toEqual(pattern(15));
  });

  test("gives what came before the end though the connection is lost after it", async () => {
    const { user, side } = begun();
    user.data(pattern(4));
    user.ended();
    user.closed(lost);
    expect(await all(side)).toEqual(pattern(4));
  });

  test.each(["failed", "closed"] as const)(
    "%s drops what waits and tells the reader",
    async (how) => {
      const { end, user, side } = begun();
      user.data(pattern(4));
      user[how](refused);
      expect(await failure(side.read())).toBe(refused);
      user.data(pattern(4));
      user.ended();
      await turn();
      expect(end.calls).toEqual([]);
    },
  );

  test.each(["failed", "closed"] as const)("%s tells a reader that waits", async (how) => {
    const { end, user, side } = begun();
    const read = failure(side.read());
    await turn();
    user[how](refused);
    expect(await read).toBe(refused);
    expect(end.calls).toEqual(["demand"]);
  });

  test("fails when it is refused before it began", async () => {
    const { user, side } = kit.readable();
    user.closed(refused);
    expect(await failure(side.read())).toBe(refused);
  });

  test.each([
    ["nothing", undefined, GAVE_UP],
    ["an error of ours", new TroupeError("OVERLOADED", "too much"), "OVERLOADED: too much"],
    ["another error", new Error("disk full"), "REJECTED: disk full"],
    ["an aborted operation", new DOMException("", "AbortError"), GAVE_UP],
  ])("given up for %s tells the other side once", async (_, cause, told) => {
    const { end, user, side } = begun();
    user.data(pattern(4));
    side.leave(cause);
    side.leave(cause);
    await turn();
    user.data(pattern(4));
    user.failed(refused);
    user.closed(lost);
    expect(end.calls).toEqual([`stop ${told}`]);
  });

  test("given up before it began tells the other side as it begins", async () => {
    const { user, side } = kit.readable();
    side.leave(new Error("too late"));
    await turn();
    const end = new FakeEnd();
    user.begin(end);
    user.data(pattern(4));
    expect(end.calls).toEqual(["stop REJECTED: too late"]);
  });

  test("given up after the other side has sent all says that the rest is dropped", async () => {
    const { end, user, side } = begun();
    user.data(pattern(4));
    user.ended();
    side.leave();
    side.leave();
    await turn();
    user.closed(lost);
    expect(end.calls).toEqual([`stop ${GAVE_UP}`]);
  });

  test("given up after all was read tells nobody", async () => {
    const { end, user, side } = begun();
    user.data(pattern(4));
    user.ended();
    expect(await all(side)).toEqual(pattern(4));
    side.leave();
    await turn();
    expect(end.calls).toEqual(["demand", "read 4"]);
  });
});

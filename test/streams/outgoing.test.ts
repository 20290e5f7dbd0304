import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { KITS } from "./kits.ts";
import { FakeEnd, failure, pattern, turn } from "./support.ts";

const GAVE_UP = "CANCELLED: the other side gave the stream up";
const lost = new TroupeError("DISCONNECTED", "the connection was lost");
const refused = new TroupeError("REJECTED", "no such file");

describe.each(KITS)("$name: writing", (kit) => {
  function begun(): { end: FakeEnd } & ReturnType<typeof kit.writable> {
    const made = kit.writable();
    const end = new FakeEnd();
    made.user.begin(end);
    return { ...made, end };
  }

  test("passes chunks on as they are, then the end, and tells nobody anything more", async () => {
    const { end, user, side } = begun();
    const bytes = pattern(100).subarray(10, 20);
    await side.write(bytes);
    await side.write(pattern(0));
    await side.end();
    await turn();
    expect(end.calls).toEqual(["write 10", "end"]);
    const [got] = end.written;
    expect([got?.buffer, got?.byteOffset, got?.length]).toEqual([bytes.buffer, 10, 10]);
    user.stopped(refused);
    user.closed(lost);
    side.giveUp();
    await turn();
    expect(end.calls).toHaveLength(2);
  });

  test("writes the next chunk when the one before has left", async () => {
    const { end, user, side } = begun();
    end.leaves = false;
    const left: number[] = [];
    const writes = [1, 2, 3].map((length) =>
      side.write(pattern(length)).then(() => left.push(length)),
    );
    const over = side.end();
    await turn();
    expect([end.calls, left]).toEqual([["write 1"], []]);
    user.flushed();
    await turn();
    expect([end.calls, left]).toEqual([["write 1", "write 2"], [1]]);
    end.leaves = true;
    user.flushed();
    await Promise.all([...writes, over]);
    expect(end.calls).toEqual(["write 1", "write 2", "write 3", "end"]);
  });

  test("waits for its end when it is written to before", async () => {
    const { user, side } = kit.writable();
    const over = Promise.all([side.write(pattern(1)), side.write(pattern(2)), side.end()]);
    await turn();
    const end = new FakeEnd();
    user.begin(end);
    await over;
    expect(end.calls).toEqual(["write 1", "write 2", "end"]);
  });

  test("waits for its end when it is ended before", async () => {
    const { user, side } = kit.writable();
    const over = side.end();
    await turn();
    const end = new FakeEnd();
    user.begin(end);
    await over;
    expect(end.calls).toEqual(["end"]);
  });

  test("takes ten thousand chunks that leave at once", async () => {
    const { end, side } = begun();
    const writes = Array.from({ length: 10_000 }, () => side.write(pattern(1)));
    await Promise.all([...writes, side.end()]);
    expect(end.calls).toHaveLength(10_001);
  });

  test.each(["stopped", "closed"] as const)(
    "%s fails what waits to leave, and what comes",
    async (how) => {
      const { end, user, side } = begun();
      end.leaves = false;
      const waiting = [failure(side.write(pattern(1))), failure(side.write(pattern(2)))];
      await turn();
      user[how](refused);
      expect(await Promise.all(waiting)).toEqual([refused, refused]);
      expect(await failure(side.write(pattern(3)))).toBeInstanceOf(Error);
      user.flushed();
      await turn();
      expect(end.calls).toEqual(["write 1"]);
    },
  );

  test.each([true, false])(
    "fails what is written when the end fails within it, left or not (%s)",
    async (leaves) => {
      const { end, user, side } = begun();
      end.leaves = leaves;
      end.onWrite = () => user.closed(lost);
      expect(await failure(side.write(pattern(1)))).toBe(lost);
      expect(end.calls).toEqual(["write 1"]);
    },
  );

  test("fails when it is refused before it began", async () => {
    const { user, side } = kit.writable();
    const waiting = [failure(side.write(pattern(1))), failure(side.end())];
    await turn();
    user.closed(refused);
    expect(await Promise.all(waiting)).toEqual([refused, refused]);
  });

  test.each([
    ["nothing", undefined, GAVE_UP],
    ["an error of ours", new TroupeError("OVERLOADED", "too much"), "OVERLOADED: too much"],
    ["another error", new Error("disk full"), "REJECTED: disk full"],
    ["an aborted operation", new DOMException("", "AbortError"), GAVE_UP],
  ])("given up for %s tells the other side once, and whoever waits", async (_, cause, told) => {
    const { end, user, side } = begun();
    end.leaves = false;
    const waiting = failure(side.write(pattern(1)));
    await turn();
    side.giveUp(cause);
    side.giveUp(cause);
    const heard = await waiting;
    expect(heard).toEqual(cause ?? expect.any(Error));
    user.stopped(refused);
    user.closed(lost);
    await turn();
    expect(end.calls).toEqual(["write 1", `abort ${told}`]);
  });

  test("given up before it began tells the other side as it begins", async () => {
    const { user, side } = kit.writable();
    const waiting = failure(side.write(pattern(1)));
    await turn();
    side.giveUp(new Error("too late"));
    expect(await waiting).toEqual(new Error("too late"));
    const end = new FakeEnd();
    user.begin(end);
    expect(end.calls).toEqual(["abort REJECTED: too late"]);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { all, KITS } from "./kits.ts";
import { FakeEnd, failure, MemoryEnd, pattern, turn } from "./support.ts";

const MIB = 1024 * 1024;
const lost = new TroupeError("DISCONNECTED", "the connection was lost");
const refused = new TroupeError("REJECTED", "no such file");

describe.each(KITS)("$name: both ways", (kit) => {
  test("each half ends by itself", async () => {
    const { user, reading, written } = kit.duplex();
    const end = new FakeEnd();
    user.begin(end);
    user.data(pattern(4));
    user.ended();
    expect(await all(reading)).toEqual(pattern(4));
    await written.write(pattern(5));
    await written.end();
    await turn();
    user.closed(lost);
    await turn();
    expect(end.calls.filter((call) => !call.startsWith("read"))).toEqual([
      "demand",
      "write 5",
      "end",
    ]);
  });

  test("closed fails both halves and tells the other side nothing", async () => {
    const { user, reading, written } = kit.duplex();
    const end = new FakeEnd();
    end.leaves = false;
    user.begin(end);
    const waiting = [failure(reading.read()), failure(written.write(pattern(1)))];
    await turn();
    user.closed(lost);
    expect(await Promise.all(waiting)).toEqual([lost, lost]);
    expect(new Set(end.calls)).toEqual(new Set(["demand", "write 1"]));
  });

  test("an end that is over as soon as it begins is told nothing more", async () => {
    const { user, reading, written } = kit.duplex();
    const over = failure(written.end());
    await turn();
    reading.leave(refused);
    const end = new FakeEnd();
    end.onStop = () => user.closed(refused); // given up before it was taken, it is refused as a whole
    user.begin(end);
    expect(await over).toBe(refused);
    expect(end.calls[0]).toBe("stop REJECTED: no such file");
    expect(end.calls).not.toContain("end");
  });

  test("carries all bytes in order, and no more of them than the windows hold", async () => {
    const sizes = fc.array(fc.nat(5000), { maxLength: 12 });
    const highWaterMark = fc.constantFrom(0, 1, 1000, 64 * 1024);
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.integer({ min: 1, max: 4000 }), highWaterMark, run),
      { numRuns: 25, seed: 7 },
    );

    async function run(
      there: number[],
      back: number[],
      window: number,
      mark: number,
    ): Promise<void> {
      const [a, b] = [kit.duplex({ highWaterMark: mark }), kit.duplex({ highWaterMark: mark })];
      const ends = MemoryEnd.pair(a.user, b.user, Math.max(window, 500));
      const total = (lengths: number[]): number => lengths.reduce((sum, each) => sum + each, 0);
      const send = async (side: typeof a, lengths: number[]): Promise<void> => {
        let at = 0;
        for (const length of lengths) {
          await side.written.write(pattern(length, at));
          at += length;
        }
        await side.written.end();
      };
      const [got, gotBack] = await Promise.all([
        all(b.reading),
        all(a.reading),
        send(a, there),
        send(b, back),
      ]);
      expect(Buffer.compare(got, pattern(total(there)))).toBe(0);
      expect(Buffer.compare(gotBack, pattern(total(back)))).toBe(0);
      for (const end of ends) expect(end.peak).toBeLessThanOrEqual(Math.max(window, 500));
      expect(ends.map((end) => end.unread)).toEqual([0, 0]);
    }
  });

  test("a chunk of 100 MiB leaves as the other side reads", async () => {
    const [a, b] = [kit.writable(), kit.readable()];
    const ends = MemoryEnd.pair(a.user, b.user, 4 * MIB);
    const sent = new Uint8Array(100 * MIB);
    const over = a.side.write(sent).then(() => a.side.end());
    let got = 0;
    for (let chunk = await b.side.read(); chunk !== undefined; chunk = await b.side.read()) {
      got += chunk.length;
    }
    await over;
    expect([got, ends[1].peak <= 4 * MIB]).toEqual([sent.length, true]);
  });

  test("a writer waits for a reader that has stopped reading", async () => {
    const [a, b] = [kit.writable(), kit.readable({ highWaterMark: 1000 })];
    MemoryEnd.pair(a.user, b.user, 1000);
    let left = 0;
    const write = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await a.side.write(pattern(500));
        left++;
      }
    };
    const writing = write();
    await b.side.read();
    for (let i = 0; i < 50; i++) await turn();
    expect(left).toBeLessThan(8); // a window, what the stream holds, and what was read
    while (left < 100) await b.side.read();
    await writing;
  });

  test.each(["writer", "reader", "connection"])(
    "both sides end when the %s gives up",
    async (who) => {
      const [a, b] = [kit.writable(), kit.readable()];
      const ends = MemoryEnd.pair(a.user, b.user, 1000);
      const writing = failure(a.side.write(pattern(5000)));
      const reading = failure(all(b.side));
      await turn();
      if (who === "writer") a.side.giveUp(refused);
      else if (who === "reader") b.side.leave(refused);
      else MemoryEnd.cut(ends, refused);
      const [left, right] = await Promise.all([writing, reading]);
      // A web reader that cancels reads to an end: it knows why.
      if (who !== "reader") expect(right).toBe(refused);
      if (left !== undefined) expect(left).toBe(refused);
    },
  );
});

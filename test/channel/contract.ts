import { afterEach, describe, expect, it } from "vitest";
import type { Channel, ChannelLimits } from "../../src/channel/channel.ts";
import { bytes, Recorder } from "./recorder.ts";

/** Two joined channels and what ends whatever is below them. */
export interface Pair {
  readonly near: Channel;
  readonly far: Channel;
  readonly dispose: () => Promise<void>;
}

const KIB = 1024;
const LIMITS: ChannelLimits = {
  handshakeBytes: 4 * KIB,
  messageBytes: 2 * KIB * KIB,
  highWater: 64 * KIB,
};

/** What every kind of channel must do; `open` makes a pair of the kind. */
export function channelContract(
  kind: string,
  open: (limits: ChannelLimits) => Promise<Pair>,
): void {
  describe(`${kind}: the channel contract`, () => {
    let pair: Pair | undefined;
    afterEach(async () => {
      pair?.near.abort();
      pair?.far.abort();
      await pair?.dispose();
      pair = undefined;
    });

    async function joined(): Promise<{
      near: Channel;
      far: Channel;
      nearHears: Recorder;
      farHears: Recorder;
    }> {
      pair = await open(LIMITS);
      const { near, far } = pair;
      const [nearHears, farHears] = [new Recorder(), new Recorder()];
      near.start(nearHears);
      far.start(farHears);
      return { near, far, nearHears, farHears };
    }

    async function admitted(): ReturnType<typeof joined> {
      const ends = await joined();
      ends.near.admit();
      ends.far.admit();
      return ends;
    }

    it("hands messages over whole and in order, in both directions", async () => {
      const { near, far, nearHears, farHears } = await joined();
      for (const text of ["one", "", "three"]) {
        near.send(bytes(text));
        far.send(bytes(`${text}!`));
      }
      await farHears.first(3);
      await nearHears.first(3);
      expect(farHears.texts).toEqual(["one", "", "three"]);
      expect(nearHears.texts).toEqual(["one!", "!", "three!"]);
    });

    it("hands over a message of 1 MiB as one", async () => {
      const { near, farHears } = await admitted();
      const sent = new Uint8Array(KIB * KIB).map((_, index) => index * 31);
      near.send(sent.slice());
      const [got] = await farHears.first(1);
      expect(Buffer.compare(got ?? bytes(""), sent)).toBe(0);
    });

    it("hands nothing over within the call that sends it", async () => {
      const { near, farHears } = await joined();
      near.send(bytes("later"));
      expect(farHears.messages).toEqual([]);
      await farHears.first(1);
    });

    it("keeps what comes before start and hands it over first", async () => {
      pair = await open(LIMITS);
      const { near, far } = pair;
      const [nearHears, farHears] = [new Recorder(), new Recorder()];
      near.start(nearHears);
      near.send(bytes("early"));
      near.send(bytes("bird"));
      near.close();
      await nearHears.end();
      far.start(farHears);
      expect(farHears.texts).toEqual(["early", "bird"]);
      await farHears.end();
      expect(farHears.ends).toHaveLength(1);
    });

    it("refuses a second receiver", async () => {
      const { near } = await joined();
      expect(() => near.start(new Recorder())).toThrow(
        expect.objectContaining({ code: "BAD_ARGUMENT" }),
      );
    });

    it("delivers what was sent before a close, then both ends hear a clean end once", async () => {
      const { near, nearHears, farHears } = await admitted();
      near.send(new Uint8Array(256 * KIB));
      near.send(bytes("last words"));
      near.close();
      near.close();
      expect(nearHears.ends).toEqual([]);
      expect(await farHears.end()).toMatchObject({ clean: true });
      expect(farHears.messages.map((message) => message.length)).toEqual([256 * KIB, 10]);
      expect(await nearHears.end()).toMatchObject({ clean: true, reason: "closed by this side" });
      near.abort();
      near.close();
      await settled();
      expect([nearHears.ends.length, farHears.ends.length]).toEqual([1, 1]);
    });

    it("still hears what the other side sent before it knew of the close", async () => {
      const { near, far, nearHears } = await joined();
      far.send(bytes("crossing"));
      near.close();
      await nearHears.end();
      expect(nearHears.texts).toEqual(["crossing"]);
    });

    it("ends once on each side when both close at the same time", async () => {
      const { near, far, nearHears, farHears } = await joined();
      near.close();
      far.close();
      expect(await nearHears.end()).toMatchObject({ clean: true });
      expect(await farHears.end()).toMatchObject({ clean: true });
      await settled();
      expect([nearHears.ends.length, farHears.ends.length]).toEqual([1, 1]);
    });

    it("cuts at once: both ends hear an end that is not clean, once", async () => {
      const { near, nearHears, farHears } = await joined();
      near.abort();
      near.abort();
      near.close();
      expect(nearHears.ends).toEqual([]);
      expect(await nearHears.end()).toEqual({ clean: false, reason: "cut by this side" });
      expect(await farHears.end()).toMatchObject({ clean: false });
      await settled();
      expect([nearHears.ends.length, farHears.ends.length]).toEqual([1, 1]);
    });

    it("hears no message after it cut, not even from the same batch", async () => {
      const { near, far, farHears } = await joined();
      farHears.onMessage = () => far.abort();
      near.send(bytes("one"));
      near.send(bytes("two"));
      await farHears.end();
      expect(farHears.texts).toEqual(["one"]);
    });

    it("can be cut while it closes", async () => {
      const { near, nearHears, farHears } = await joined();
      near.close();
      near.abort();
      expect(await nearHears.end()).toMatchObject({ clean: false });
      await farHears.end();
      await settled();
      expect([nearHears.ends.length, farHears.ends.length]).toEqual([1, 1]);
    });

    it("sends nothing any more once it closed", async () => {
      const { near, farHears, nearHears } = await joined();
      near.close();
      near.send(bytes("too late"));
      await farHears.end();
      await nearHears.end();
      near.send(bytes("much too late"));
      expect(near.buffered).toBe(0);
      await settled();
      expect(farHears.messages).toEqual([]);
    });

    it("cuts itself when too much comes before it admits the other side", async () => {
      const { near, nearHears, farHears } = await joined();
      near.send(new Uint8Array(4 * KIB + 1));
      expect(await farHears.end()).toEqual({
        clean: false,
        reason: "more than 4096 bytes came before the other side was authenticated",
      });
      expect(farHears.messages).toEqual([]);
      expect(await nearHears.end()).toMatchObject({ clean: false });
    });

    it("counts all messages before it admits the other side, not each", async () => {
      const { near, farHears } = await joined();
      for (let i = 0; i < 5; i++) near.send(new Uint8Array(KIB));
      expect((await farHears.end()).reason).toContain("more than 4096 bytes");
      expect(farHears.messages.length).toBeLessThan(5);
    });

    it("takes any number of bytes once the other side is admitted", async () => {
      const { near, farHears } = await admitted();
      for (let i = 0; i < 20; i++) near.send(new Uint8Array(KIB));
      await farHears.first(20);
    });

    it("cuts itself at a message that is too long", async () => {
      const { near, nearHears, farHears } = await admitted();
      near.send(new Uint8Array(LIMITS.messageBytes));
      near.send(new Uint8Array(LIMITS.messageBytes + 1));
      expect(await farHears.end()).toMatchObject({ clean: false });
      expect(farHears.messages).toHaveLength(1);
      expect(await nearHears.end()).toMatchObject({ clean: false });
    });

    it("tells when what was waiting to be sent has left", async () => {
      const { near, nearHears, farHears } = await admitted();
      const atDrain: number[] = [];
      for (let i = 0; i < 24; i++) near.send(new Uint8Array(KIB * KIB));
      expect(near.buffered).toBeGreaterThan(LIMITS.highWater);
      await nearHears.until(() => nearHears.drains === 1 && atDrain.push(near.buffered) > 0);
      expect(atDrain[0]).toBeLessThanOrEqual(LIMITS.highWater);
      await farHears.first(24);
      expect(nearHears.drains).toBe(1);
    });

    it("does not speak of draining when nothing was waiting", async () => {
      const { near, nearHears, farHears } = await admitted();
      near.send(bytes("small"));
      await farHears.first(1);
      await settled();
      expect(nearHears.drains).toBe(0);
    });
  });
}

/** Two turns of the event loop: what was on its way within this process has come. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryPair } from "../../src/channel/memory.ts";
import { channelContract } from "./contract.ts";
import { bytes, Recorder } from "./recorder.ts";

channelContract("memory", async (limits) => {
  const [near, far] = memoryPair({ limits });
  return { near, far, dispose: async () => {} };
});

describe("a pair in memory", () => {
  it("delivers nothing until its scheduler runs a step", () => {
    const steps: (() => void)[] = [];
    const [near, far] = memoryPair({ deliver: (step) => steps.push(step) });
    const recorder = new Recorder();
    far.start(recorder);
    near.send(bytes("a"));
    expect([near.buffered, recorder.texts]).toEqual([1, []]);
    steps.shift()?.();
    expect([near.buffered, recorder.texts]).toEqual([0, ["a"]]);
  });

  it("keeps messages in order whatever order its scheduler runs the steps in", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 20 }), (picks) => {
        const steps: (() => void)[] = [];
        const [near, far] = memoryPair({ deliver: (step) => steps.push(step) });
        const recorder = new Recorder();
        far.start(recorder);
        const texts = picks.map(String);
        for (const text of texts) near.send(bytes(text));
        for (const pick of picks) steps.splice(pick % steps.length, 1)[0]?.();
        expect(recorder.texts).toEqual(texts);
      }),
    );
  });

  it("loses what is still on its way when it is cut", async () => {
    const [near, far] = memoryPair();
    const recorder = new Recorder();
    far.start(recorder);
    near.send(bytes("lost"));
    near.abort();
    await recorder.end();
    expect(recorder.messages).toEqual([]);
  });

  it("shows the other end's name as its remote", () => {
    const [near, far] = memoryPair({ names: ["alice", "bob"] });
    expect([near.remote, far.remote]).toEqual(["bob", "alice"]);
  });
});

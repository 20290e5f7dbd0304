import { describe, expect, it } from "vitest";
import { Inbox } from "../../src/channel/inbox.ts";
import { bytes, Recorder } from "./recorder.ts";

const END = { clean: true, reason: "first" };

describe("an inbox", () => {
  it("keeps as much as it may for a receiver that has not come", () => {
    const inbox = new Inbox(4);
    expect([inbox.message(bytes("ab")), inbox.message(bytes("cd"))]).toEqual([true, true]);
    expect(inbox.message(bytes("e"))).toBe(false);
    const recorder = new Recorder();
    inbox.start(recorder);
    expect(recorder.texts).toEqual(["ab", "cd"]);
  });

  it("keeps no count any more once there is a receiver", () => {
    const inbox = new Inbox(1);
    inbox.start(new Recorder());
    expect(inbox.message(bytes("long"))).toBe(true);
  });

  it("stops handing over when its receiver has it shut meanwhile", () => {
    const inbox = new Inbox(10);
    inbox.message(bytes("one"));
    inbox.message(bytes("two"));
    const recorder = new Recorder();
    recorder.onMessage = () => inbox.shut();
    inbox.start(recorder);
    expect(recorder.texts).toEqual(["one"]);
  });

  it("tells the first end only, and nothing after it", () => {
    const inbox = new Inbox(10);
    const recorder = new Recorder();
    inbox.start(recorder);
    inbox.close(END);
    inbox.close({ clean: false, reason: "second" });
    inbox.message(bytes("late"));
    expect([recorder.ends, recorder.messages]).toEqual([[END], []]);
  });

  it("does not speak of draining once it is shut", () => {
    const inbox = new Inbox(10);
    const recorder = new Recorder();
    inbox.start(recorder);
    inbox.drained();
    inbox.shut();
    inbox.drained();
    expect(recorder.drains).toBe(1);
  });
});

import { afterEach, describe, expect, test, vi } from "vitest";
import { Emitter } from "../../src/async/emitter.ts";

interface Events {
  said: [text: string, times: number];
  done: [];
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("an emitter", () => {
  test("tells each listener, in the order in which they came, with all arguments", () => {
    const emitter = new Emitter<Events>();
    const heard: unknown[] = [];
    emitter.on("said", (...args) => heard.push(1, ...args)).on("said", () => heard.push(2));
    emitter.emit("said", "hello", 3);
    expect(heard).toEqual([1, "hello", 3, 2]);
  });

  test("tells a listener that was added by once only once", () => {
    const emitter = new Emitter<Events>();
    let count = 0;
    emitter.once("done", () => count++);
    emitter.emit("done");
    emitter.emit("done");
    expect([count, emitter.listenerCount("done")]).toEqual([1, 0]);
  });

  test("takes a listener off by the function it was given, however it was added", () => {
    const emitter = new Emitter<Events>();
    const listener = (): void => {
      throw new Error("still there");
    };
    emitter.on("done", listener).once("done", listener).off("done", listener);
    emitter.on("said", listener).off("said", listener);
    expect([emitter.listenerCount("done"), emitter.listenerCount("said")]).toEqual([0, 0]);
    emitter.emit("done");
  });

  test("keeps the same listener of two emitters and two events apart", () => {
    const [one, other] = [new Emitter<Events>(), new Emitter<Events>()];
    let count = 0;
    const listener = (): void => {
      count++;
    };
    one.on("done", listener).on("said", listener);
    other.on("done", listener);
    one.off("done", listener);
    one.emit("done");
    other.emit("done");
    one.emit("said", "", 0);
    expect(count).toBe(2);
  });

  test("lets a listener that throws disturb neither the others nor the sender, and hides nothing", () => {
    const thrown: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (job: () => void) => {
      try {
        job();
      } catch (error) {
        thrown.push(error);
      }
    });
    const emitter = new Emitter<Events>();
    let heard = false;
    const error = new Error("of the user's own code");
    emitter.on("done", () => {
      throw error;
    });
    emitter.on("done", () => {
      heard = true;
    });
    emitter.emit("done");
    expect([heard, thrown]).toEqual([true, [error]]);
  });
});

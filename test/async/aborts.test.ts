import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { type Abortable, offAbort, onAbort } from "../../src/async/aborts.ts";

/** Remembers the reasons it was told. */
class Told implements Abortable {
  readonly reasons: unknown[] = [];
  aborted(reason: unknown): void {
    this.reasons.push(reason);
  }
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("an abort", () => {
  test("is told once to all who wait on a signal, by one listener", () => {
    const controller = new AbortController();
    const entries = Array.from({ length: 100 }, () => new Told());
    for (const entry of entries) onAbort(controller.signal, entry);
    expect(listeners(controller.signal)).toBe(1);
    const reason = new Error("enough");
    controller.abort(reason);
    controller.abort(new Error("again"));
    for (const { reasons } of entries) expect(reasons).toEqual([reason]);
    expect(listeners(controller.signal)).toBe(0);
  });

  test("is not told to whoever was told off, and the last one takes the listener with it", () => {
    const { signal } = new AbortController();
    const [one, other] = [new Told(), new Told()];
    onAbort(signal, one);
    onAbort(signal, other);
    offAbort(signal, one);
    expect(listeners(signal)).toBe(1);
    offAbort(signal, other);
    offAbort(signal, other);
    expect(listeners(signal)).toBe(0);
  });

  test("reaches those who stay when others left, and those who come after all have left", () => {
    const controller = new AbortController();
    const [gone, kept] = [new Told(), new Told()];
    onAbort(controller.signal, gone);
    offAbort(controller.signal, gone);
    onAbort(controller.signal, kept);
    controller.abort("reason");
    expect([gone.reasons, kept.reasons]).toEqual([[], ["reason"]]);
  });

  test("may tell one who tells the others off", () => {
    const controller = new AbortController();
    const other = new Told();
    const first: Abortable = { aborted: () => offAbort(controller.signal, other) };
    onAbort(controller.signal, first);
    onAbort(controller.signal, other);
    controller.abort("reason");
    expect(listeners(controller.signal)).toBe(0);
  });
});

import { describe, expect, test } from "vitest";
import { type Replies, Serving } from "../../src/connection/native/serving.ts";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { NAME, NOTHING } from "./support.ts";

/** Answers that have left. */
class Sent implements Replies {
  readonly answers: string[] = [];
  response(correlation: number): void {
    this.answers.push(`answer ${correlation}`);
  }
  reject(correlation: number, code: string): void {
    this.answers.push(`${code} ${correlation}`);
  }
}

function serving(limit = 10): {
  clock: VirtualClock;
  sent: Sent;
  table: Serving;
  count: () => number;
} {
  const clock = new VirtualClock();
  const sent = new Sent();
  let answered = 0;
  const table = new Serving(sent, { settled: () => answered++ }, limit, clock);
  return { clock, sent, table, count: () => answered };
}

describe("serving", () => {
  test("answers each request once, with what comes first", () => {
    const { sent, table, count } = serving();
    const [one, two] = [1, 2].map((i) => table.add(i, NAME, 0, undefined, NOTHING));
    one?.answer(NOTHING);
    one?.reject("REJECTED", "too late", NOTHING);
    one?.answer(NOTHING);
    two?.reject("NO_EVENT", "no", NOTHING);
    two?.answer(NOTHING);
    expect([sent.answers, table.size, count()]).toEqual([["answer 1", "NO_EVENT 2"], 0, 2]);
  });

  test("hands over name, metadata and payload as they came", () => {
    const { table } = serving();
    const payload = encodePayload("data");
    const request = table.add(1, NAME, 0, { k: "v" }, payload);
    expect(request).toMatchObject({ name: NAME, metadata: { k: "v" }, payload });
  });

  test("answers a cancelled request itself, and tells the handler", () => {
    const { sent, table } = serving();
    const request = table.add(1, NAME, 0, undefined, NOTHING);
    const { signal } = request;
    table.cancel(1);
    request.answer(NOTHING);
    expect(sent.answers).toEqual(["CANCELLED 1"]);
    expect(signal.reason).toEqual(isTroupeError("CANCELLED"));
  });

  test("tells a handler that asks only later, too", () => {
    const { table } = serving();
    const request = table.add(1, NAME, 0, undefined, NOTHING);
    table.cancel(1);
    expect(request.signal.aborted).toBe(true);
    expect(request.signal).toBe(request.signal);
  });

  test("ignores a cancel that has crossed its answer", () => {
    const { sent, table } = serving();
    const request = table.add(1, NAME, 0, undefined, NOTHING);
    request.answer(NOTHING);
    table.cancel(1);
    table.cancel(99);
    expect([sent.answers, request.signal.aborted]).toEqual([["answer 1"], false]);
  });

  test("takes a number again once it is answered, and not before", () => {
    const { table } = serving();
    const request = table.add(1, NAME, 0, undefined, NOTHING);
    expect(() => table.add(1, NAME, 0, undefined, NOTHING)).toThrow(
      isTroupeError("PROTOCOL", "request 1 was asked twice"),
    );
    request.answer(NOTHING);
    expect(() => table.add(1, NAME, 0, undefined, NOTHING)).not.toThrow();
  });

  test("takes so many requests at once", () => {
    const { table } = serving(2);
    table.add(1, NAME, 0, undefined, NOTHING).answer(NOTHING);
    table.add(1, NAME, 0, undefined, NOTHING);
    table.add(0, NAME, 0, undefined, NOTHING);
    expect(() => table.add(2, NAME, 0, undefined, NOTHING)).toThrow(isTroupeError("LIMIT", "2"));
  });

  test("counts down the time its caller still waits", () => {
    const { clock, table } = serving(1000);
    const [limited, endless] = [500, 0].map((ms) => table.add(ms, NAME, ms, undefined, NOTHING));
    clock.tick(200);
    expect([limited?.timeLeft, endless?.timeLeft]).toEqual([300, undefined]);
    clock.tick(400);
    expect(limited?.timeLeft).toBe(-100);
  });

  test("tells all handlers when the caller is gone, and answers nobody", () => {
    const { sent, table, count } = serving();
    const [one, two] = [1, 2].map((i) => table.add(i, NAME, 0, undefined, NOTHING));
    const signal = one?.signal;
    const reason = new TroupeError("DISCONNECTED", "gone");
    table.clear(reason);
    one?.answer(NOTHING);
    two?.reject("REJECTED", "no", NOTHING);
    expect([signal?.reason, two?.signal.reason]).toEqual([reason, reason]);
    expect([sent.answers, table.size, count()]).toEqual([[], 0, 0]);
  });
});

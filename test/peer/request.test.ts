import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Question } from "../../src/peer/request.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { deskOf, unitOf } from "./fakes.ts";

const QUESTION: Question = {
  name: { role: "greeter", event: "hello" },
  metadata: undefined,
  payload: encodePayload(null),
  timeout: undefined,
  signal: undefined,
};
const lost = new TroupeError("DISCONNECTED", "the connection was lost");

describe("a request", () => {
  it("resolves to the context of its answer", async () => {
    const clock = new VirtualClock();
    const { unit, connection } = unitOf("ann");
    const asked = deskOf(clock).ask(unit, QUESTION);
    clock.tick(7);
    connection.answer("hi");
    const ctx = await asked;
    expect(ctx).toMatchObject({ data: "hi", type: "string", role: "greeter", event: "hello" });
    expect(ctx.unit).toBe(unit);
    expect(ctx.rtt).toBe(7);
    expect(clock.timers).toBeLessThanOrEqual(1);
  });

  it("that is not answered in time rejects and is cancelled", async () => {
    const clock = new VirtualClock();
    const { unit, connection } = unitOf("ann");
    const asked = deskOf(clock).ask(unit, { ...QUESTION, timeout: 100 });
    clock.tick(99);
    expect(connection.cancelled).toEqual([]);
    clock.tick(1);
    expect(await rejection(asked)).toEqual(isTroupeError("TIMEOUT", 'unit "ann" within 100 ms'));
    expect(connection.cancelled).toHaveLength(1);
  });

  it("without a time of its own has that of the peer", async () => {
    const clock = new VirtualClock();
    const { unit } = unitOf("ann");
    const asked = deskOf(clock).ask(unit, QUESTION);
    clock.tick(60_000);
    expect(await rejection(asked)).toEqual(isTroupeError("TIMEOUT", "60000"));
  });

  it("may wait for ever", async () => {
    const clock = new VirtualClock();
    const { unit, connection } = unitOf("ann");
    const asked = deskOf(clock).ask(unit, { ...QUESTION, timeout: Number.POSITIVE_INFINITY });
    expect(clock.timers).toBe(0);
    clock.tick(1e9);
    connection.answer(1);
    expect((await asked).data).toBe(1);
  });

  it("is cancelled by its signal, whose reason is kept", async () => {
    const { unit, connection } = unitOf("ann");
    const abort = new AbortController();
    const asked = deskOf().ask(unit, { ...QUESTION, timeout: 1000, signal: abort.signal });
    abort.abort("changed my mind");
    const reason = await rejection(asked);
    expect(reason).toEqual(isTroupeError("CANCELLED", "greeter/hello"));
    expect(reason).toMatchObject({ cause: "changed my mind" });
    expect(connection.cancelled).toHaveLength(1);
  });

  it("whose signal is aborted already is not sent", async () => {
    const { unit, connection } = unitOf("ann");
    const asked = deskOf().ask(unit, { ...QUESTION, timeout: 1000, signal: AbortSignal.abort() });
    expect(await rejection(asked)).toEqual(isTroupeError("CANCELLED"));
    expect(connection.calls).toEqual([]);
  });

  it("leaves no listener on its signal, however it ends", async () => {
    const { unit, connection } = unitOf("ann");
    const listeners = new Set<unknown>();
    const abort = new AbortController();
    const { signal } = abort;
    signal.addEventListener = (_event: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_event: string, listener: unknown) =>
      void listeners.delete(listener);
    const answered = deskOf().ask(unit, { ...QUESTION, timeout: 1000, signal: signal });
    const failed = deskOf().ask(unit, { ...QUESTION, timeout: 1000, signal: signal });
    expect(listeners.size).toBe(1);
    connection.answer(1);
    connection.fail(lost);
    await answered;
    await rejection(failed);
    expect(listeners.size).toBe(0);
  });

  it("that cannot be sent rejects with the reason", async () => {
    const { unit, connection } = unitOf("ann");
    connection.fault = new TroupeError("OVERLOADED", "too much waits");
    expect(await rejection(deskOf().ask(unit, QUESTION))).toBe(connection.fault);
  });
});

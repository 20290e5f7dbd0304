import { describe, expect, it, onTestFinished } from "vitest";
import { startBeside } from "../../../bench/load/beside.ts";
import { CHUNK } from "../../../bench/load/chunk.ts";
import { startDownload } from "../../../bench/load/download.ts";
import { startEcho } from "../../../bench/load/echo.ts";
import type { Load } from "../../../bench/load/load.ts";
import { Receiving } from "../../../bench/load/receiving.ts";
import { Sending } from "../../../bench/load/sending.ts";
import { startUpload } from "../../../bench/load/upload.ts";
import type { Hears, Subject } from "../../../bench/subjects/subject.ts";
import { subject as troupe } from "../../../bench/subjects/troupe.ts";
import { subject as ws } from "../../../bench/subjects/ws.ts";
import { subject as wss } from "../../../bench/subjects/wss.ts";

/** More than fits into the buffers on the way. */
const PLENTY = 256 * CHUNK;

/** What a server process does with the streams of its clients; see bench/child.ts. */
class Far implements Hears {
  sending: Sending | undefined;
  receiving: Receiving | undefined;
  readonly told = (): void => {};
  readonly acknowledged = (): void => {};
  readonly reads: Hears["reads"] = (sink) => {
    this.sending = new Sending(sink);
  };
  readonly writes: Hears["writes"] = () => {
    this.receiving = new Receiving();
    return this.receiving;
  };
}

/** @returns the port */
async function serve(subject: Subject, hears: Hears): Promise<number> {
  const server = await subject.serve(hears);
  onTestFinished(() => server.close());
  return server.port;
}

/** Lets a load run until it has counted so much. */
async function until(load: Load, count: number): Promise<void> {
  while (load.count < count) await new Promise((resolve) => setImmediate(resolve));
}

describe.each([
  ["ws", ws],
  ["wss", wss],
  ["troupe", troupe],
])("streams of %s in the bench", (_, subject) => {
  it("bring down what the server writes, whole and to the end", async () => {
    const far = new Far();
    const port = await serve(subject, far);
    const download = await startDownload(subject, port);
    await until(download, PLENTY);
    await far.sending?.stop();
    await download.stop();
    expect(download.count).toBe(far.sending?.count);
  });

  it("bring up what the client writes, whole and to the end", async () => {
    const far = new Far();
    const port = await serve(subject, far);
    const upload = await startUpload(subject, port);
    await until(upload, PLENTY);
    await upload.stop();
    await far.receiving?.stop();
    expect(far.receiving?.count).toBe(upload.count);
  });

  it("let calls through beside them", async () => {
    const far = new Far();
    const port = await serve(subject, far);
    const calls = await startBeside(subject, { port, bytes: 100 });
    await until(calls, 20);
    calls.mark();
    expect(far.sending?.count).toBeGreaterThan(0);
    await far.sending?.stop();
    expect(await calls.stop()).toMatchObject({ p50: expect.any(Number), p99: expect.any(Number) });
  });
});

it("small streams of troupe in the bench bring back what they carry", async () => {
  const port = await serve(troupe, new Far());
  const exchanger = await troupe.exchanger?.(port);
  if (exchanger === undefined) throw new Error("troupe opens streams");
  const streams = startEcho(exchanger, { bytes: 100, inFlight: 64 });
  await until(streams, 500);
  await streams.stop();
});

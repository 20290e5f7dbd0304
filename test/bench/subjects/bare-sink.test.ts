import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { CHUNK, chunkOf } from "../../../bench/load/chunk.ts";
import { HIGH_WATER, laySink } from "../../../bench/subjects/bare-sink.ts";

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

it("a sink of the bench says when there is no room, and when there is again", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.push(client, server);
  await once(client, "open");
  const [far] = (await accepted) as [WebSocket];
  const messages: number[] = [];
  far.on("message", (message: Buffer) => messages.push(message.length));
  far.pause();

  const sink = laySink(client);
  const chunk = chunkOf();
  let written = 0;
  for (let room = true; room; written++) room = sink.write(chunk);
  expect(client.bufferedAmount).toBeLessThan(HIGH_WATER + 2 * CHUNK);

  far.resume();
  await sink.drained();
  expect(client.bufferedAmount).toBeLessThanOrEqual(HIGH_WATER / 2);
  const last = new Promise<void>((resolve) => {
    far.on("message", (message: Buffer) => message.length === 0 && resolve());
  });
  await sink.end();
  await last;
  expect(messages).toEqual([...Array.from({ length: written }, () => CHUNK), 0]);
});

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, it, onTestFinished } from "vitest";
import { newPeer } from "../support/mesh.ts";
import { hear, startChild } from "./children.ts";
import { endless } from "./streams.ts";
import { RssWatch } from "./streams-rss.ts";

const MIB = 1024 * 1024;

it("1 GiB each way at once goes through in little memory, on both sides", async () => {
  const child = startChild("streams.child.ts");
  const address = String(await hear(child));
  const client = newPeer();
  await client.connect(address);
  const svc = await client.destination("svc").whenReady();
  const watch = new RssWatch();
  onTestFinished(() => watch.stop());

  const bothWays = async (bytes: number): Promise<void> => {
    const stored = hear(child);
    const read = async (): Promise<number> => {
      let sum = 0;
      for await (const chunk of svc.readable("get", bytes)) sum += chunk.length;
      return sum;
    };
    const reading = read();
    await pipeline(Readable.from(endless(bytes)), svc.writable("put"));
    expect(await reading).toBe(bytes);
    expect(await stored).toBe(bytes);
  };
  await bothWays(256 * MIB); // until the heap has its size
  await svc.request("begin");
  watch.begin();
  await bothWays(1024 * MIB);
  expect(watch.growth).toBeLessThan(64 * MIB);
  const { data } = await svc.request<number>("growth");
  expect(data).toBeLessThan(64 * MIB);
});

/** Ask and be answered: by an answer, a refusal with its reason, or a time that is over. */
import { Peer, TroupeError } from "troupe";

const server = new Peer({ name: "server" });
const math = server.role("math");

math.onRequest<number[]>("mean", (ctx) => {
  const count = ctx.data.length;
  if (count === 0) {
    // Anything that is thrown refuses the call; a TroupeError can say more about it.
    throw new TroupeError("REJECTED", "nothing has no mean", { details: { count } });
  }
  return ctx.data.reduce((sum, value) => sum + value, 0) / count;
});

// Work that takes long ends as soon as nobody waits for it any more.
math.onRequest("ponder", async (ctx) => {
  await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
});

await server.listen({ port: 0, host: "127.0.0.1" });
const client = new Peer({ name: "client" });
await client.connect(`ws://127.0.0.1:${server.port}`);
const calculator = client.destination("math");

const { data, unit } = await calculator.request<number>("mean", [1, 2, 6]);
console.log(`${unit.name} says: ${data}`);

await refusal("nothing to add up", calculator.request("mean", []));
await refusal("a name mistyped", calculator.request("maen", [1]));
await refusal("no time", calculator.request({ event: "ponder", timeout: 50 }));
const signal = AbortSignal.timeout(50);
await refusal("changed my mind", calculator.request({ event: "ponder", signal }));
await refusal("nobody there", client.destination("physics").request("mean", [1]));

await client.close();
await server.close();

/** Shows why a call fails. */
async function refusal(what: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    const details = error.details === undefined ? "" : ` ${JSON.stringify(error.details)}`;
    console.log(`${what}: ${error.code}${details}`);
    return;
  }
  throw new Error(`${what}: was answered after all`);
}

/** A request on its way through middleware: who may, how long, and what becomes of an error. */
import { Peer, TroupeError } from "troupe";

const server = new Peer({ name: "server" });

// For every call of every kind to every role: first in, last out.
server.onData(async (ctx) => {
  console.log(`> ${ctx.role}/${ctx.event} from ${ctx.unit.name}`);
  await ctx.next();
  console.log(`< ${ctx.error === undefined ? "answered" : `failed: ${ctx.error}`}`);
});

const account = server.role("account");

// For the requests to one role: refuses by throwing, and may change what handlers see.
account.onRequest<number>((ctx) => {
  if (ctx.metadata["token"] !== "let me in") {
    throw new TroupeError("NOT_ALLOWED", "this role needs a token");
  }
  ctx.data = Math.round(ctx.data);
});

// May replace what the caller gets, too.
account.onRequest(async (ctx) => {
  await ctx.next();
  if (ctx.error === undefined) ctx.response = { balance: ctx.response, currency: "EUR" };
});

let balance = 100;
account.onRequest<number>("deposit", (ctx) => {
  if (ctx.data <= 0) throw new Error(`cannot deposit ${ctx.data}`);
  balance += ctx.data;
  return balance;
});

await server.listen({ port: 0, host: "127.0.0.1" });
const client = new Peer({ name: "client" });
await client.connect(`ws://127.0.0.1:${server.port}`);

await deposit(19.99, { token: "let me in" });
await deposit(19.99, {});
await deposit(-1, { token: "let me in" });

await client.close();
await server.close();

async function deposit(amount: number, metadata: Record<string, string>): Promise<void> {
  try {
    const { data } = await client
      .destination("account")
      .request({ event: "deposit", metadata }, amount);
    console.log("client:", data);
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    console.log(`client: ${error.code}, ${error.message}`);
  }
}

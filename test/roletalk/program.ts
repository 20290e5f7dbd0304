/** A program that names roletalk's types wherever it can. That it compiles is half of the test. */
import {
  type ConnectOptions,
  type Context,
  type Destination,
  type EmitOptions,
  type ListenOptions,
  type MessageHandler,
  Peer,
  type PeerMetaData,
  type PeerOptions,
  type RequestCallback,
  type RequestHandler,
  type Role,
  type sendableData,
  type Unit,
} from "troupe";

const options: PeerOptions = { name: "typed", friendly: false };
const where: ListenOptions = { port: 0, host: "127.0.0.1" };
const how: ConnectOptions = { permanent: false };
const data: sendableData = [1, "two", { three: null }, Buffer.from("four")];

/** What the program has seen, in order. */
export const seen: unknown[] = [];

const onNote: MessageHandler = (ctx: Context) => void seen.push(ctx.data, ctx.type);
const onAsk: RequestHandler = (ctx: Context, cb: RequestCallback) => {
  cb(null, `${ctx.role}/${ctx.event}`);
};
const guard = async (ctx: Context, _cb: RequestCallback): Promise<void> => {
  await ctx.next();
  ctx.response = `guarded ${String(ctx.response)}`;
};

/** Runs it; resolves when all has been seen. */
export async function run(): Promise<void> {
  const server: Peer = new Peer(options);
  const role: Role = server.role("svc", true);
  role.onMessage("note", onNote);
  role.onRequest("ask", onAsk);
  role.onRequest(guard);
  role.onData((ctx: Context) => void seen.push(ctx.event));
  await server.listen(where);

  const client: Peer = new Peer();
  const { unit, ws }: { unit: Unit; ws: unknown } = await client.connect(
    `ws://127.0.0.1:${server.port}`,
    how,
  );
  const meta: PeerMetaData = unit.meta;
  seen.push(typeof meta["os"], ws === unit.connections[0]);

  const destination: Destination = client.destination("svc");
  const target: EmitOptions = { event: "note", unit, timeout: 1000 };
  const sent: Unit | undefined = destination.send(target, data, (err) => seen.push(err));
  seen.push(sent === unit);
  await new Promise<void>((resolve) => {
    destination.request("ask", data, (err: Error | null, ctx: Context) => {
      seen.push(err, ctx.data);
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    const asked: number = destination.survey("ask", null, (err, ctx) => {
      seen.push(err, ctx.data, asked);
      resolve();
    });
  });
  await new Promise<void>((resolve) => client.close(() => resolve()));
  await new Promise<void>((resolve) => server.close((_err?: Error) => resolve()));
}

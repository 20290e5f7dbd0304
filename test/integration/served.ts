import type { Destination, Peer } from "troupe";
import { expect } from "vitest";
import { Log, pair } from "../support/mesh.ts";

/** A role `svc` that answers `ping`, and somebody who calls it. */
export interface Served {
  readonly server: Peer;
  readonly client: Peer;
  readonly svc: Destination;
  readonly logger: Log;
}

/** @param options - the server's */
export async function served(options: object = {}): Promise<Served> {
  const logger = new Log();
  const { server, client } = await pair({ logger, ...options });
  server.role("svc").onRequest("ping", () => "pong");
  const svc = await client.destination("svc").whenReady();
  return { server, client, svc, logger };
}

/** Nothing was hurt: the next request is served. */
export const expectServed = async (svc: Destination): Promise<void> =>
  expect((await svc.request("ping")).data).toBe("pong");

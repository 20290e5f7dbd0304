import type { IncomingMessage } from "node:http";
import { Server as TlsServer } from "node:tls";
import { badArgument } from "../errors.ts";
import { bind, portOf } from "./binding.node.ts";
import type { Entrance } from "./entrance.node.ts";
import { handUpgrade, takeUpgrade, toUpgradeEvent } from "./hand-upgrade.node.ts";
import type { Listener, ListenLimits, UpgradeServer } from "./listening.ts";

/** Our entrances on each server of a user's, so that one of them answers for all. */
const entrances = new WeakMap<UpgradeServer, Entrance[]>();

/**
 * Takes upgrades from an HTTP or HTTPS server of the user's.
 *
 * A request for another path, or one that does not offer our subprotocol, is left to the user's own
 * `upgrade` listeners. When there are none it is refused here, since nobody else would ever answer
 * it: node has given its socket away.
 */
export async function openSharedServer(
  server: UpgradeServer,
  port: number | undefined,
  host: string | undefined,
  entrance: Entrance,
  limits: ListenLimits,
): Promise<Listener> {
  if (!server.listening && port !== undefined) await bind(server, port, host);
  else if (port !== undefined && port !== 0 && port !== portOf(server)) {
    throw badArgument(
      `the server listens on port ${portOf(server)} already: leave out the port, or give that one, not ${port}`,
    );
  }
  const upgrade = (request: unknown, socket: unknown, head: unknown): void => {
    const event = toUpgradeEvent(request, socket, head);
    // A socket that another listener has upgraded is that listener's: nothing to do here.
    if (event !== undefined && isOurs(server, entrance, event.request)) {
      takeUpgrade(entrance, limits, event);
    }
  };
  const siblings = entrances.get(server) ?? [];
  siblings.push(entrance);
  entrances.set(server, siblings);
  server.on("upgrade", upgrade);
  return {
    get port() {
      return portOf(server);
    },
    scheme: server instanceof TlsServer ? "wss" : "ws",
    handleUpgrade: handUpgrade(entrance, limits),
    close: () => {
      entrance.close();
      server.off("upgrade", upgrade);
      const index = siblings.indexOf(entrance);
      if (index !== -1) siblings.splice(index, 1);
      return Promise.resolve();
    },
  };
}

/** Whether to take or refuse this request here; what nobody wants is the first entrance's to refuse. */
function isOurs(server: UpgradeServer, entrance: Entrance, request: IncomingMessage): boolean {
  const siblings = entrances.get(server) ?? [];
  const wanting = siblings.find((sibling) => sibling.wants(request));
  if (wanting !== undefined) return wanting === entrance;
  return server.listenerCount("upgrade") === siblings.length && siblings[0] === entrance;
}

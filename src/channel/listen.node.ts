import { badArgument } from "../errors.ts";
import { Entrance } from "./entrance.node.ts";
import { handUpgrade } from "./hand-upgrade.node.ts";
import type { Listener, ListenLimits, ListenOptions, Reception } from "./listening.ts";
import { openOwnServer } from "./own-server.node.ts";
import { openSharedServer } from "./shared-server.node.ts";

/**
 * Listens for WebSocket connections: on an HTTP server of its own, over TLS with `ssl`, or on a
 * server of the user's with `server`. A plain HTTP request to a server of our own gets 426.
 *
 * @throws TroupeError `ADDRESS_IN_USE`; `BAD_ARGUMENT` for options that cannot be; `CONNECT_FAILED`
 *   when the system does not let it listen
 */
export async function listen(
  options: ListenOptions,
  reception: Reception,
  limits: ListenLimits,
): Promise<Listener> {
  check(options);
  const { server, port, host, ssl } = options;
  const entrance = new Entrance(options, reception, limits);
  if (server !== undefined) return openSharedServer(server, port, host, entrance, limits);
  if (port === undefined) throw badArgument("listen needs a port (0 picks a free one) or a server");
  return openOwnServer({ port, host, ssl }, entrance, limits);
}

/**
 * A listener without a server: it takes what is given to its `handleUpgrade`, and refuses what does
 * not fit, other paths included.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function attach(
  reception: Reception,
  limits: ListenLimits,
  options: Pick<ListenOptions, "path" | "origins"> = {},
): Listener {
  check(options);
  const entrance = new Entrance(options, reception, limits);
  return {
    port: 0,
    scheme: "ws",
    handleUpgrade: handUpgrade(entrance, limits),
    close: () => {
      entrance.close();
      return Promise.resolve();
    },
  };
}

function check(options: ListenOptions): void {
  const { port, host, path, server, ssl } = options;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw badArgument(`port must be a whole number from 0 to 65535, not ${String(port)}`);
  }
  if (host !== undefined && (typeof host !== "string" || host === "")) {
    throw badArgument("host must be a name or an address of this machine, or left out");
  }
  if (path !== undefined && (typeof path !== "string" || !/^\/[^?#]*$/.test(path))) {
    throw badArgument("path must begin with / and have neither ? nor #");
  }
  if (server !== undefined && ssl !== undefined) {
    throw badArgument("give either ssl or a server of yours, which has its own certificate");
  }
  if (server !== undefined && typeof server?.on !== "function") {
    throw badArgument("server must be an http.Server or https.Server");
  }
  if (ssl !== undefined) checkCertificate(ssl);
  checkOrigins(options.origins);
}

function checkOrigins(origins: ListenOptions["origins"]): void {
  if (origins === undefined || origins === "*" || typeof origins === "function") return;
  if (Array.isArray(origins) && origins.every((one) => typeof one === "string")) return;
  throw badArgument(
    'origins must be "*", a list of origins such as https://app.example, or a function',
  );
}

/** Without a certificate node listens, too, and then fails each handshake with "no shared cipher". */
function checkCertificate(ssl: Readonly<Record<string, unknown>>): void {
  const { cert, key, pfx, SNICallback } = ssl;
  const pair = cert !== undefined && key !== undefined;
  if (!pair && pfx === undefined && SNICallback === undefined) {
    throw badArgument("ssl needs cert and key (PEM), or pfx");
  }
}

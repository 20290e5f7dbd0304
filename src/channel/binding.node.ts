import { badArgument, messageOf, TroupeError } from "../errors.ts";
import type { UpgradeServer } from "./listening.ts";

/**
 * Makes a server listen.
 *
 * @throws TroupeError `ADDRESS_IN_USE`, or `BAD_ARGUMENT` when this machine or user cannot listen
 *   there, or `CONNECT_FAILED` when the system refuses for another reason
 */
export function bind(server: UpgradeServer, port: number, host?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = (): void => {
      server.off("listening", listening);
      server.off("error", failed);
    };
    const listening = (): void => {
      forget();
      resolve();
    };
    const failed = (error: unknown): void => {
      forget();
      reject(explain(error, port, host));
    };
    server.on("listening", listening);
    server.on("error", failed);
    try {
      server.listen(host === undefined ? { port } : { port, host });
    } catch (thrown) {
      failed(thrown);
    }
  });
}

/** The port a server listens on, 0 when on none. */
export function portOf(server: UpgradeServer): number {
  const address = server.address();
  if (typeof address !== "object" || address === null || !("port" in address)) return 0;
  return typeof address.port === "number" ? address.port : 0;
}

function explain(thrown: unknown, port: number, host = "all interfaces"): TroupeError {
  const cause = { cause: thrown };
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return new TroupeError(
        "ADDRESS_IN_USE",
        `port ${port} of ${host} is in use: stop the program that listens there, or give another port (0 picks a free one)`,
        cause,
      );
    case "EACCES":
      return badArgument(
        `this user may not listen on port ${port} of ${host}: give a port above 1023`,
        cause,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
    case "EAFNOSUPPORT":
      return badArgument(
        `cannot listen on host ${host} (${code}): give an address of this machine, or no host for all of them`,
        cause,
      );
    default:
      return new TroupeError(
        "CONNECT_FAILED",
        `cannot listen on port ${port} of ${host}: ${messageOf(thrown)}`,
        cause,
      );
  }
}

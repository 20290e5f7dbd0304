import { badArgument, messageOf, TroupeError } from "../errors.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";

/**
 * The URL to open for an address: a fragment (the pinned key) is not for the wire.
 *
 * @throws TroupeError `BAD_ARGUMENT` when it is neither `ws:` nor `wss:`
 */
export function dialAddress(url: URL): URL {
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw badArgument(
      `cannot dial ${url.protocol} addresses: give one that begins with ws: or wss:`,
    );
  }
  const bare = new URL(url);
  bare.hash = "";
  return bare;
}

/** Why an address could not be reached, from what the system or `ws` said. */
export function unreachable(url: URL, thrown: unknown): TroupeError {
  const code = codeOf(thrown);
  return failed(explain(url, code, messageOf(thrown)), thrown);
}

/** Why an address could not be reached, from an HTTP answer that is not an upgrade. */
export function refused(url: URL, status: number): TroupeError {
  const at = whereOf(url);
  switch (status) {
    case 503:
      return failed(`${at} is full: it takes no more connections now, try again later`);
    case 403:
      return failed(`${at} refuses this Origin: let it listen with { origins } that allow it`);
    case 404:
      return failed(`${at} has no peer at the path ${url.pathname}: check the address`);
    case 400:
    case 426:
      return failed(speaksOther(at, `it answered HTTP ${status}`));
    default:
      return failed(
        `${at} answered HTTP ${status} instead of a WebSocket upgrade: check that a peer listens there`,
      );
  }
}

/** Whether an attempt has failed because no process listens at the address. */
export const isNothingThere = ({ cause }: TroupeError): boolean => codeOf(cause) === "ECONNREFUSED";

/** The other side upgraded, but to something else. */
export function foreign(url: URL, what: string): TroupeError {
  return failed(speaksOther(whereOf(url), what));
}

/** `code` is one of node's system, HTTP parser (HPE_) or TLS errors. */
function explain(url: URL, code: string, text: string): string {
  const at = whereOf(url);
  const check = `check that a peer listens there, and ${schemeHint(url)}`;
  if (isCertificateError(code)) {
    return (
      `the TLS certificate of ${at} is not trusted (${code}: ${text}): ` +
      "pass the certificate of its authority as `ca`, or dial a name that it is made for"
    );
  }
  if (code.startsWith("HPE_")) return `${at} does not speak HTTP (${code}): ${check}`;
  if (code.startsWith("ERR_SSL_")) return `${at} does not agree on TLS (${code}): ${check}`;
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${at}: start the peer there, or check host and port`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host name ${url.hostname} is not known (${code}): check its spelling and your DNS`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return `${at} cannot be reached (${code}): check the network and its firewalls`;
    case "ECONNRESET":
    case "EPIPE":
    case "EPROTO":
      return `${at} hung up before the connection was open (${code}): ${check}`;
    default:
      return `cannot connect to ${at}: ${text || code}`;
  }
}

/** The codes of X.509 verification (OpenSSL's names) and of node's check of the name. */
function isCertificateError(code: string): boolean {
  return (
    !code.startsWith("ERR_SSL_") &&
    /CERT|LEAF_SIGNATURE|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE|CRL/.test(code)
  );
}

function schemeHint(url: URL): string {
  return url.protocol === "wss:"
    ? "whether it is ws:, without TLS"
    : "whether it is wss:, with TLS";
}

function speaksOther(at: string, what: string): string {
  return `${at} does not speak ${SUBPROTOCOL} (${what}): check that a Troupe peer listens there`;
}

function whereOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" ? code : "";
}

function failed(message: string, cause?: unknown): TroupeError {
  return new TroupeError("CONNECT_FAILED", message, cause === undefined ? {} : { cause });
}

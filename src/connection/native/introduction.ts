import { fromHex, toHex } from "../../bytes/bytes.ts";
import { Reader } from "../../bytes/reader.ts";
import { broken } from "../../errors.ts";
import { decodePayload, encodePayload, type Payload } from "../../frame/payload.ts";
import type { Introduction } from "../connection.ts";

/** What each side tells inside the handshake, bound to the session. */
export interface Parameters {
  /** Random, of this run of its process, in hex. */
  readonly instance: string;
  /** Whether its identity outlives its process: only such a one is worth remembering. */
  readonly durable: boolean;
}

const DURABLE = 1;
const INSTANCE_BYTES = 16;

/** flags(u8) instance(16); what follows is left to later versions. */
export function encodeParameters({ instance, durable }: Parameters): Uint8Array {
  const bytes = new Uint8Array(1 + INSTANCE_BYTES);
  bytes[0] = durable ? DURABLE : 0;
  bytes.set(fromHex(instance) ?? [], 1);
  return bytes;
}

/** @throws TroupeError `PROTOCOL` when they do not parse */
export function decodeParameters(bytes: Uint8Array): Parameters {
  const reader = new Reader(bytes);
  const flags = reader.u8();
  return { durable: (flags & DURABLE) !== 0, instance: toHex(reader.bytes(INSTANCE_BYTES)) };
}

/** What a side takes: the other one keeps to it. */
export interface Capacity {
  /** Bytes of one payload. */
  readonly messageBytes: number;
  /** Requests in flight. */
  readonly requests: number;
}

/** All that HELLO tells. */
export type Hello = Introduction & { readonly capacity: Capacity };

/** Most characters of one text in an introduction, and most entries of one list in it. */
const MAX_TEXT = 1024;
const MAX_ENTRIES = 64;

/** HELLO's payload: a map, of which unknown keys are ignored. */
export const encodeHello = (introduction: Introduction, capacity: Capacity): Payload =>
  encodePayload({ ...introduction, capacity: { ...capacity } });

/** @throws TroupeError `PROTOCOL` when it is not a map, or an entry is not what it must be */
export function decodeHello(payload: Payload): Hello {
  const map = asRecord("HELLO", decodePayload(payload));
  return {
    name: asText("name", map["name"] ?? ""),
    friendly: map["friendly"] !== false,
    addresses: asList("addresses", map["addresses"] ?? []),
    tags: asTexts("tags", map["tags"] ?? {}),
    meta: asRecord("meta", map["meta"] ?? {}),
    capacity: asCapacity(asRecord("capacity", map["capacity"])),
  };
}

function asRecord(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Map) {
    throw broken(`${what} is not a map`);
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_ENTRIES) throw broken(`${what} has too many entries`);
  return Object.fromEntries(entries);
}

function asCapacity({ messageBytes, requests }: Record<string, unknown>): Capacity {
  return {
    messageBytes: asCount("messageBytes", messageBytes),
    requests: asCount("requests", requests),
  };
}

function asCount(what: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) <= 0) throw broken(`${what} is not a count`);
  return Number(value);
}

function asText(what: string, value: unknown): string {
  if (typeof value !== "string" || value.length > MAX_TEXT)
    throw broken(`${what} is not a short text`);
  return value;
}

function asList(what: string, value: unknown): string[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES)
    throw broken(`${what} is not a short list`);
  return value.map((entry) => asText(what, entry));
}

function asTexts(what: string, value: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(what, value));
  return Object.fromEntries(entries.map(([key, text]) => [asText(what, key), asText(what, text)]));
}

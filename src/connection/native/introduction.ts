import { EMPTY, fromHex, toHex } from "../../bytes/bytes.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { broken } from "../../errors.ts";
import { decodePayload, encodePayload, type Payload } from "../../frame/payload.ts";
import {
  type Introduction,
  MAX_INTRODUCED_ENTRIES,
  MAX_INTRODUCED_TEXT,
  type Resumption,
} from "../connection.ts";

/** What each side tells inside the handshake, bound to the session. */
export interface Parameters {
  /** Random, of this run of its process, in hex. */
  readonly instance: string;
  /** Whether its identity outlives its process: only such a one is worth remembering. */
  readonly durable: boolean;
  /** Of a dialer: the connection that is to go on by this channel, instead of a new one. */
  readonly resumes?: Resumption | undefined;
}

const DURABLE = 1;
const RESUMES = 2;
const INSTANCE_BYTES = 16;
/** Bytes of a connection's name. */
export const NAME_BYTES = 16;

/** flags(u8) instance(16) and, with the flag, name(16) records(varint); what follows is left to later versions. */
export function encodeParameters({ instance, durable, resumes }: Parameters): Uint8Array {
  const writer = new Writer();
  writer.u8((durable ? DURABLE : 0) | (resumes === undefined ? 0 : RESUMES));
  writer.bytes(fromHex(instance) ?? EMPTY);
  if (resumes !== undefined) {
    writer.bytes(fromHex(resumes.name) ?? EMPTY);
    writer.varint(resumes.records);
  }
  return writer.view().slice();
}

/** @throws TroupeError `PROTOCOL` when they do not parse */
export function decodeParameters(bytes: Uint8Array): Parameters {
  const reader = new Reader(bytes);
  const flags = reader.u8();
  const durable = (flags & DURABLE) !== 0;
  const instance = toHex(reader.bytes(INSTANCE_BYTES));
  if ((flags & RESUMES) === 0) return { durable, instance };
  const name = toHex(reader.bytes(NAME_BYTES));
  return { durable, instance, resumes: { name, records: reader.varint() } };
}

/** What a side takes: the other one keeps to it. */
export interface Capacity {
  /** Bytes of one payload. */
  readonly messageBytes: number;
  /** Requests in flight. */
  readonly requests: number;
  /** Open streams. */
  readonly streams: number;
}

/** What a side offers for the time after a channel is lost. */
export interface Grace {
  /** Milliseconds for which the connection waits for another one; 0 for not at all. */
  readonly time: number;
  /** Its name, in hex: random, and chosen by the responder. */
  readonly name?: string | undefined;
}

/** All that HELLO tells. */
export type Hello = Introduction & { readonly capacity: Capacity; readonly grace: Grace };

/** Most bytes of HELLO's payload: what a unit tells about itself is kept as long as it is there. */
const MAX_HELLO = 192 * 1024;

/** HELLO's payload: a map, of which unknown keys are ignored. */
export function encodeHello(
  introduction: Introduction,
  capacity: Capacity,
  { time, name }: Grace,
): Payload {
  const grace = name === undefined ? { time } : { time, name: fromHex(name) };
  return encodePayload({ ...introduction, capacity: { ...capacity }, grace });
}

/** @throws TroupeError `PROTOCOL` when it is not a map, or an entry is not what it must be */
export function decodeHello(payload: Payload): Hello {
  if (payload.bytes.length > MAX_HELLO) throw broken(`HELLO of ${payload.bytes.length} bytes`);
  const map = asRecord("HELLO", decodePayload(payload));
  return {
    name: asText("name", map["name"] ?? ""),
    friendly: map["friendly"] !== false,
    addresses: asList("addresses", map["addresses"] ?? []),
    tags: asTexts("tags", map["tags"] ?? {}),
    meta: asMeta(map["meta"] ?? {}),
    capacity: asCapacity(asRecord("capacity", map["capacity"])),
    grace: asGrace(asRecord("grace", map["grace"] ?? {})),
  };
}

function asRecord(what: string, value: unknown): Record<string, unknown> {
  if (
    typeof value !== "object" ||
    value === null ||
    Object.getPrototypeOf(value) !== Object.prototype
  ) {
    throw broken(`${what} is not a map`);
  }
  if (Object.keys(value).length > MAX_INTRODUCED_ENTRIES)
    throw broken(`${what} has too many entries`);
  return value as Record<string, unknown>;
}

function asCapacity({ messageBytes, requests, streams }: Record<string, unknown>): Capacity {
  return {
    messageBytes: asCount("messageBytes", messageBytes),
    requests: asCount("requests", requests),
    streams: asCount("streams", streams),
  };
}

function asGrace({ time = 0, name }: Record<string, unknown>): Grace {
  if (!Number.isSafeInteger(time) || Number(time) < 0) throw broken("grace.time is not a time");
  if (name === undefined) return { time: Number(time) };
  if (!(name instanceof Uint8Array) || name.length !== NAME_BYTES)
    throw broken(`grace.name is not ${NAME_BYTES} bytes`);
  return { time: Number(time), name: toHex(name) };
}

function asCount(what: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) <= 0) throw broken(`${what} is not a count`);
  return Number(value);
}

function asText(what: string, value: unknown): string {
  if (typeof value !== "string" || value.length > MAX_INTRODUCED_TEXT)
    throw broken(`${what} is not a short text`);
  return value;
}

const NO_LIST: readonly string[] = Object.freeze([]);
const NO_TEXTS: Readonly<Record<string, string>> = Object.freeze({});
const NO_META: Readonly<Record<string, unknown>> = NO_TEXTS;

function asMeta(value: unknown): Readonly<Record<string, unknown>> {
  const meta = asRecord("meta", value);
  return Object.keys(meta).length === 0 ? NO_META : meta;
}

function asList(what: string, value: unknown): readonly string[] {
  // Most tell none, and there may be many of them.
  if (Array.isArray(value) && value.length === 0) return NO_LIST;
  if (!Array.isArray(value) || value.length > MAX_INTRODUCED_ENTRIES)
    throw broken(`${what} is not a short list`);
  return value.map((entry) => asText(what, entry));
}

function asTexts(what: string, value: unknown): Readonly<Record<string, string>> {
  const texts = asRecord(what, value);
  if (Object.keys(texts).length === 0) return NO_TEXTS;
  for (const [key, text] of Object.entries(texts)) {
    asText(what, key);
    asText(what, text);
  }
  return texts as Record<string, string>;
}

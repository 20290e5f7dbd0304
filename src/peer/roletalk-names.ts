/**
 * Types under the names that programs for roletalk know them by. Those that have the same name here,
 * such as `PeerOptions` and `MessageHandler`, stand with what they describe.
 */
import type { RequestOptions } from "./call-options.ts";
import type { AnswerCallback } from "./handlers.ts";
import type { Unit } from "./unit.ts";

/** roletalk's name for how a call is made. */
export type EmitOptions = RequestOptions;

/** roletalk's name for how a handler answers. */
export type RequestCallback = AnswerCallback;

/** roletalk's name for what a unit tells about its process. */
export type PeerMetaData = Unit["meta"];

/** roletalk's name for data that can be sent; an object with a function in it is `BAD_PAYLOAD` all the same. */
export type sendableData = string | number | boolean | bigint | object | null | undefined;

// What is public on every platform; the entry of each adds what it has alone.
export type { DuplexEnd, EndOptions, ReadableEnd, WritableEnd } from "#streams";
export type { ChannelEnd } from "./channel/channel.ts";
export type { ListenOptions, UpgradeServer } from "./channel/listening.ts";
export type { Connection, RemotePeer } from "./connection/connection.ts";
export type { Limits, Timeouts } from "./connection/limits.ts";
export { type ErrorCode, TroupeError, type TroupeErrorOptions } from "./errors.ts";
export type { DataType } from "./frame/payload.ts";
export type { Metadata } from "./frame/type.ts";
export type { RoleLoad } from "./peer/admission.ts";
export type { AdmissionOptions } from "./peer/admission-options.ts";
export type { RateOptions } from "./peer/admission-rate.ts";
export type { Allow } from "./peer/allow.ts";
export type { CallOptions, RequestOptions } from "./peer/call-options.ts";
export type {
  ConnectCallback,
  ConnectResult,
  DoneCallback,
  OutcomeCallback,
} from "./peer/callback.ts";
export type { Context, Origin } from "./peer/context.ts";
export type { Destination } from "./peer/destination.ts";
export type {
  DestinationEvents,
  DestinationOptions,
  WaitOptions,
} from "./peer/destination-options.ts";
export type { Connected } from "./peer/dialer.ts";
export type { EjectionOptions } from "./peer/ejection-options.ts";
export type {
  AnswerCallback,
  DuplexHandler,
  MessageHandler,
  ReadableHandler,
  RequestHandler,
  WritableHandler,
} from "./peer/handlers.ts";
export {
  type MemoryIdempotencyOptions,
  MemoryIdempotencyStore,
} from "./peer/idempotency-memory.ts";
export type {
  IdempotencyClaim,
  IdempotencyOptions,
  IdempotencyStore,
  IdempotentRequest,
} from "./peer/idempotency-store.ts";
export type { Middleware } from "./peer/middleware.ts";
export type {
  CloseOptions,
  ConnectOptions,
  KeyPair,
  Logger,
  PeerOptions,
} from "./peer/options.ts";
export type { OwnedBy } from "./peer/owned.ts";
export { Peer } from "./peer/peer.ts";
export type { PeerEvents } from "./peer/peer-events.ts";
export type { Role, RoleOptions } from "./peer/role.ts";
export type {
  EmitOptions,
  PeerMetaData,
  RequestCallback,
  sendableData,
} from "./peer/roletalk-names.ts";
export { Singleton } from "./peer/singleton.ts";
export type {
  ContextForDuplex,
  ContextForReadable,
  ContextForWritable,
} from "./peer/stream-context.ts";
export type { StreamOptions } from "./peer/stream-desk.ts";
export type { Survey, SurveyFailure, SurveyItem } from "./peer/survey.ts";
export type { Subscription } from "./peer/topic.ts";
export type { Unit, UnitEvents } from "./peer/unit.ts";

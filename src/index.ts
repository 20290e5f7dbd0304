/**
 * Troupe: a brokerless, encrypted mesh. Peers play roles and call each other's.
 *
 * @packageDocumentation
 */
export type { WebPair } from "#streams";
export * from "./exports.ts";

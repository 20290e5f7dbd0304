/**
 * Troupe in browsers: the same Peer over the platform's WebSocket, crypto and timers. It dials, and serves all the same.
 *
 * @packageDocumentation
 */
export * from "./exports.ts";

/** The WebSocket subprotocol in which every binary message is a record of ours. */
export const SUBPROTOCOL = "troupe.1";

import type { Dial } from "./dialing.ts";
import { openWebSocket } from "./websocket.ts";

/** Opens a channel by the platform's WebSocket, which takes no `client` options; see {@link Dial}. */
export const dial: Dial = (url, options) => openWebSocket(url, options, globalThis.WebSocket);

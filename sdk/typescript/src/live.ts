/** How a watch is carried: by WebSocket or by the stream of the rpc. */
import { type Client as ServiceClient } from "@connectrpc/connect";

import {
  ScoringService,
  type WatchScoresRequest,
  type WatchScoresResponse,
} from "../gen/leadline/v1/scoring_service_pb.js";
import { errorFrom } from "./errors.js";
import { isResumable } from "./resuming.js";
import { type OpenStream } from "./watching.js";
import { type WebSocketTarget, webSocketStream } from "./websocket.js";

/**
 * Gives what opens the streams of a watch of scores. Where WebSockets don't come through, as behind some company
 * proxies, the watch goes on by the rpc's own stream.
 */
export function liveScores(
  scoring: ServiceClient<typeof ScoringService>,
  target: () => Promise<WebSocketTarget>,
  carrier: "websocket" | "stream",
): OpenStream {
  let usesWebSocket = carrier === "websocket" && "WebSocket" in globalThis;
  async function* open(request: WatchScoresRequest, signal: AbortSignal): AsyncGenerator<WatchScoresResponse> {
    if (!usesWebSocket) {
      // A stream has no deadline but the one that the watch itself holds.
      yield* scoring.watchScores(request, { signal, timeoutMs: 0 });
      return;
    }
    let wasOpen = false;
    try {
      for await (const message of webSocketStream(await target(), ScoringService.method.watchScores, request, signal)) {
        wasOpen = true;
        yield message;
      }
    } catch (thrown) {
      const error = errorFrom(thrown);
      if (!wasOpen && isResumable(error) && !signal.aborted) usesWebSocket = false;
      throw error;
    }
  }
  return open;
}

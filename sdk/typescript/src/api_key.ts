/** Access tokens for an API key. */
import { timestampMs } from "@bufbuild/protobuf/wkt";

import { type ExchangeApiKeyResponse } from "../gen/leadline/v1/authentication_service_pb.js";
import { type TokenSource } from "./connection.js";

/** How long before its end a token is renewed, so that none expires on its way. */
const MARGIN_MS = 30_000;

/**
 * Gives a source of tokens that are kept until shortly before they expire. Calls that need one at the same time share
 * one exchange.
 *
 * @param exchange Asks Leadline for an access token.
 */
export function apiKeyTokens(exchange: () => Promise<ExchangeApiKeyResponse>): TokenSource {
  let current: Promise<ExchangeApiKeyResponse> | undefined;
  let renewAt = 0;
  return async (refused) => {
    const held = current && (await current.catch(() => undefined));
    if (!held || Date.now() >= renewAt || held.accessToken === refused) {
      // Another call may have begun to renew it while this one waited.
      if (!current || (await current.catch(() => undefined)) === held) current = exchange();
    }
    const { accessToken, accessTokenExpireTime } = await (current ?? exchange());
    renewAt = accessTokenExpireTime ? timestampMs(accessTokenExpireTime) - MARGIN_MS : 0;
    return accessToken;
  };
}

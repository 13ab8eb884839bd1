/** Score changes by the hundred, through a socket of the page that stands in for the bridge's. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { WatchScoresResponseSchema } from "leadline-sdk/contract/scoring_service";

// The SDK's own copy, with which its messages are made.
const sdk = createRequire(new URL("../../../sdk/typescript/package.json", import.meta.url));
const { create, toBinary } = await import(pathToFileURL(sdk.resolve("@bufbuild/protobuf")));

const TICK_MS = 20;
const moment = (time) => ({ seconds: BigInt(Math.floor(time / 1_000)), nanos: (time % 1_000) * 1e6 });

/**
 * Takes the place of the bridge for a page that is yet to be loaded.
 *
 * @param leads Resource names of the leads whose scores change, one after the other.
 * @param rate Changes a second.
 * @returns How to begin and to end, how many were sent, and the values sent last by the names of their leads.
 */
export async function burstInto(page, leads, rate) {
  const values = new Map();
  let timer;
  let sent = 0;
  let isFlowing = false;
  const message = () => {
    const lead = leads[sent % leads.length];
    const value = 1 + ((sent * 37) % 98);
    sent += 1;
    values.set(lead, value);
    const score = { lead, probability: value / 100, value, model: "models/burst", computeTime: moment(Date.now() + sent) };
    const event = { case: "scoreChange", value: { score, previousProbability: 0.5 } };
    return Buffer.from(toBinary(WatchScoresResponseSchema, create(WatchScoresResponseSchema, { resumeToken: String(sent), event })));
  };
  await page.routeWebSocket(/\/ws\//, (socket) => {
    clearInterval(timer);
    let begun = Date.now();
    let made = 0;
    timer = setInterval(() => {
      if (!isFlowing) {
        begun = Date.now();
        made = 0;
        return;
      }
      for (const due = ((Date.now() - begun) / 1_000) * rate; made < due; made += 1) socket.send(message());
    }, TICK_MS);
  });
  return {
    begin: () => {
      isFlowing = true;
    },
    end: () => {
      isFlowing = false;
    },
    close: () => {
      clearInterval(timer);
    },
    sent: () => sent,
    values,
  };
}

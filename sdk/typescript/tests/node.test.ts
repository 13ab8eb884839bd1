import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http2";
import { type AddressInfo } from "node:net";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

import { LeadService } from "../gen/leadline/v1/lead_service_pb.js";
import { ScoringService, WatchScoresResponseSchema } from "../gen/leadline/v1/scoring_service_pb.js";
import { Cancelled, Client } from "../src/node.js";

const LEAD = "leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10";

test("a client that is closed ends what is under way, and calls no more", async () => {
  let opened = 0;
  const happened = new EventEmitter();
  const both = Promise.all([once(happened, "called"), once(happened, "watched")]);
  const routes = (router: ConnectRouter): void => {
    router.rpc(LeadService.method.getLead, () => ({ name: LEAD }));
    router.rpc(LeadService.method.deleteLead, async (_request, context) => {
      happened.emit("called");
      await once(context.signal, "abort");
      return {};
    });
    router.rpc(ScoringService.method.watchScores, async function* (_request, context) {
      opened += 1;
      yield create(WatchScoresResponseSchema, { event: { case: "heartbeat", value: {} } });
      await once(context.signal, "abort");
    });
  };
  const server = createServer(connectNodeAdapter({ routes }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { token: "secret" });
  assert.equal((await client.getLead(LEAD)).name, LEAD);
  const onConnection = (isConnected: boolean) => isConnected && happened.emit("watched");
  const watching = assert.rejects(client.watchScores([], { onConnection }).next(), Cancelled);
  const calling = assert.rejects(client.deleteLead(LEAD), Cancelled);
  await both;
  client.close();
  await Promise.all([watching, calling]);
  await assert.rejects(client.getLead(LEAD), Cancelled);
  client.close();
  assert.equal(opened, 1);
  server.close();
  await once(server, "close"); // only when no connection is left
});

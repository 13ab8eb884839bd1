import assert from "node:assert/strict";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { anyPack, EmptySchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type ConnectRouter } from "@connectrpc/connect";

import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { OperationSchema } from "../gen/google/longrunning/operations_pb.js";
import { AuthenticationService } from "../gen/leadline/v1/authentication_service_pb.js";
import { LeadService } from "../gen/leadline/v1/lead_service_pb.js";
import { OperationMetadataSchema } from "../gen/leadline/v1/operation_pb.js";
import { OperationService } from "../gen/leadline/v1/operation_service_pb.js";
import { ScoringService, type WatchScoresRequest, WatchScoresResponseSchema } from "../gen/leadline/v1/scoring_service_pb.js";
import {
  AlreadyExists,
  Cancelled,
  Client,
  DeadlineExceeded,
  FailedPrecondition,
  type ConnectionOptions,
  type Credentials,
  ModelSchema,
  NotFound,
  Unauthenticated,
  Unavailable,
  VERSION,
} from "../src/index.js";

const LEAD = "leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10";

function clientOf(
  routes: (router: ConnectRouter) => void,
  options: ConnectionOptions & Partial<Credentials> = {},
): Client {
  return new Client("leadline.example.com:443", { token: "secret", ...options }, (_baseUrl, interceptors) =>
    createRouterTransport(routes, { transport: { interceptors } }),
  );
}

function failure(code: Code, reason: string, metadata: Record<string, string> = {}): ConnectError {
  return new ConnectError("refused", code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "leadline.dev", metadata } },
  ]);
}

test("a mutation is repeated under one key", async () => {
  const keys: string[] = [];
  const client = clientOf((router) =>
    router.rpc(LeadService.method.createLead, (request) => {
      keys.push(request.idempotencyKey);
      if (keys.length < 3) throw new ConnectError("restarting", Code.Unavailable);
      return { name: LEAD };
    }),
  );
  assert.equal((await client.createLead({ externalId: "a" })).name, LEAD);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
  await client.createLead({ externalId: "b" }, { idempotencyKey: "mine" });
  assert.equal(keys.at(-1), "mine");
});

test("a call that is refused is not repeated, and says why", async () => {
  let calls = 0;
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      calls += 1;
      throw failure(Code.NotFound, "LEAD_NOT_FOUND", { name: LEAD });
    }),
  );
  await assert.rejects(client.getLead(LEAD), (error) => {
    assert.ok(error instanceof NotFound);
    assert.equal(error.reason, "LEAD_NOT_FOUND");
    assert.deepEqual(error.metadata, { name: LEAD });
    assert.equal(error.name, "NotFound");
    return true;
  });
  assert.equal(calls, 1);
});

test("a server that stays away ends a call after five tries", async () => {
  let calls = 0;
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      calls += 1;
      throw new ConnectError("restarting", Code.Unavailable);
    }),
  );
  await assert.rejects(client.getLead(LEAD), Unavailable);
  assert.equal(calls, 5);
});

test("a retry waits as long as the server asks", async () => {
  const times: number[] = [];
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      times.push(performance.now());
      if (times.length > 1) return {};
      throw new ConnectError("too many", Code.ResourceExhausted, undefined, [
        { desc: RetryInfoSchema, value: { retryDelay: { nanos: 300_000_000 } } },
      ]);
    }),
  );
  await client.getLead(LEAD);
  const [first = 0, second = 0] = times;
  assert.ok(second - first >= 290);
});

test("the deadline is hard, retries included", async () => {
  const client = clientOf(
    (router) =>
      router.rpc(LeadService.method.getLead, () => {
        throw new ConnectError("restarting", Code.Unavailable);
      }),
    { timeoutMs: 250 },
  );
  const start = performance.now();
  await assert.rejects(client.getLead(LEAD), DeadlineExceeded);
  assert.ok(performance.now() - start < 600);
});

test("a call is cancelled by its signal", async () => {
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      throw new ConnectError("restarting", Code.Unavailable);
    }),
  );
  const signal = AbortSignal.timeout(50);
  await assert.rejects(client.getLead(LEAD, { signal }), Cancelled);
});

test("a token that expired is renewed once", async () => {
  const seen: (string | null)[] = [];
  const client = clientOf(
    (router) =>
      router.rpc(LeadService.method.deleteLead, (_request, context) => {
        seen.push(context.requestHeader.get("authorization"));
        if (seen.length === 1) throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
        return {};
      }),
    { token: (refused) => Promise.resolve(refused === "old" ? "new" : "old") },
  );
  await client.deleteLead(LEAD);
  assert.deepEqual(seen, ["Bearer old", "Bearer new"]);
});

test("a token of text that expired is told", async () => {
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
    }),
  );
  await assert.rejects(client.getLead(LEAD), Unauthenticated);
});

test("an API key gets one token for calls at the same time, and the next before it expires", async () => {
  const seen: (string | null)[] = [];
  let exchanges = 0;
  const routes = (router: ConnectRouter): void => {
    router.rpc(AuthenticationService.method.exchangeApiKey, ({ apiKey }, context) => {
      assert.equal(apiKey, "key");
      assert.equal(context.requestHeader.get("authorization"), null);
      exchanges += 1;
      const lifetime = exchanges === 1 ? 1_000 : 600_000;
      return { accessToken: `token ${exchanges}`, accessTokenExpireTime: timestampFromMs(Date.now() + lifetime) };
    });
    router.rpc(LeadService.method.getLead, (_request, context) => {
      seen.push(context.requestHeader.get("authorization"));
      return {};
    });
  };
  const client = new Client("leadline.example.com:443", { apiKey: "key" }, (_baseUrl, interceptors) =>
    createRouterTransport(routes, { transport: { interceptors } }),
  );
  await Promise.all([client.getLead(LEAD), client.getLead(LEAD)]);
  await Promise.all([client.getLead(LEAD), client.getLead(LEAD), client.getLead(LEAD)]);
  await client.getLead(LEAD);
  assert.equal(exchanges, 2);
  assert.deepEqual(new Set(seen), new Set(["Bearer token 1", "Bearer token 2"]));
});

test("the client says who it is", async () => {
  let agent: string | null = null;
  const client = clientOf(
    (router) =>
      router.rpc(LeadService.method.getLead, (_request, context) => {
        agent = context.requestHeader.get("x-user-agent");
        return {};
      }),
    { userAgent: "crm/2" },
  );
  await client.getLead(LEAD);
  assert.equal(agent, `crm/2 leadline-typescript/${VERSION}`);
});

test("a list goes on to its end", async () => {
  const tokens: string[] = [];
  const client = clientOf((router) =>
    router.rpc(LeadService.method.listLeads, ({ pageToken }) => {
      tokens.push(pageToken);
      const page = Number(pageToken || 0);
      return { leads: [{ externalId: `${page}` }], nextPageToken: page < 2 ? `${page + 1}` : "" };
    }),
  );
  const found: string[] = [];
  for await (const lead of client.listLeads()) found.push(lead.externalId);
  assert.deepEqual(found, ["0", "1", "2"]);
  assert.deepEqual(tokens, ["", "1", "2"]);
});

test("a batch gives a score or an error for each lead, in requests of a good size", async () => {
  const sizes: number[] = [];
  const client = clientOf((router) =>
    router.rpc(ScoringService.method.batchScoreLeads, ({ names }) => {
      sizes.push(names.length);
      return {
        results: names.map((name) => ({
          result: name.endsWith("0")
            ? { case: "status" as const, value: { code: Code.NotFound, message: "no such lead" } }
            : { case: "score" as const, value: { lead: name } },
        })),
      };
    }),
  );
  const names = Array.from({ length: 300 }, (_, place) => `leads/${place}`);
  let [scored, failed] = [0, 0];
  for await (const { score, error } of client.batchScoreLeads(names)) {
    if (score) scored += 1;
    if (error instanceof NotFound) failed += 1;
  }
  assert.deepEqual(sizes, [250, 50]);
  assert.deepEqual([scored, failed], [270, 30]);
});

test("an import that was cut off is sent again as it was", async () => {
  const seen: string[] = [];
  const client = clientOf((router) =>
    router.rpc(LeadService.method.importLeads, async (messages) => {
      let rows = 0;
      for await (const message of messages) {
        seen.push(`${message.idempotencyKey}/${message.sequenceNumber}`);
        if (seen.length === 2) throw new ConnectError("restarting", Code.Unavailable);
        rows += message.rows.length;
      }
      return { createdCount: BigInt(rows) };
    }),
  );
  const reported: number[] = [];
  function* rows(): Generator<{ externalId: string }> {
    for (let place = 0; place < 10_500; place += 1) yield { externalId: `${place}` };
  }
  const result = await client.importLeads(rows(), {
    idempotencyKey: "import",
    progress: ({ rowCount }) => reported.push(rowCount),
  });
  assert.equal(result.createdCount, 10_500);
  assert.deepEqual(reported, [10_000, 10_500]);
  const first = [0, 1, 2, 3, 4].map((number) => `import.0/${number}`);
  assert.deepEqual(seen, [...first.slice(0, 2), ...first, "import.1/0"]);
});

test("a watch goes on where it was cut off and repeats nothing", async () => {
  const requests: string[] = [];
  const client = clientOf((router) =>
    router.rpc(ScoringService.method.watchScores, async function* ({ resumeToken }: WatchScoresRequest) {
      requests.push(resumeToken);
      yield create(WatchScoresResponseSchema, { resumeToken, event: { case: "heartbeat", value: {} } });
      // Announcing a score is at least once: the one before the token comes again.
      for (let place = Math.max(0, Number(resumeToken || 0) - 1); place < 5; place += 1) {
        const score = { lead: `leads/${place}`, model: "models/1", computeTime: timestampFromMs(place) };
        const event = { case: "scoreChange" as const, value: { score } };
        yield create(WatchScoresResponseSchema, { resumeToken: `${place + 1}`, event });
        if (requests.length === 1 && place === 2) throw new ConnectError("restarting", Code.Unavailable);
      }
      await Promise.resolve();
    }),
  );
  const seen: string[] = [];
  const connections: boolean[] = [];
  for await (const { score } of client.watchScores([], { onConnection: (is) => connections.push(is) })) {
    seen.push(score.lead);
    if (seen.length === 5) break;
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4].map((place) => `leads/${place}`));
  assert.deepEqual(requests, ["", "3"]);
  assert.ok(connections.includes(false));
});

test("a watch ends with an error that no new stream would mend", async () => {
  const client = clientOf((router) =>
    router.rpc(ScoringService.method.watchScores, async function* () {
      yield { event: { case: "status" as const, value: { code: Code.InvalidArgument, message: "bad token" } } };
      await Promise.resolve();
    }),
  );
  await assert.rejects(client.watchScores().next(), { name: "InvalidRequest" });
});

test("an operation is followed to its result", async () => {
  let asked = 0;
  const client = clientOf((router) => {
    router.rpc(ScoringService.method.trainModel, () => create(OperationSchema, { name: "operations/1" }));
    router.rpc(OperationService.method.waitOperation, () => {
      asked += 1;
      const metadata = anyPack(OperationMetadataSchema, create(OperationMetadataSchema, { progressPercent: asked * 50 }));
      if (asked < 2) return { name: "operations/1", metadata };
      const response = anyPack(ModelSchema, create(ModelSchema, { version: 7n }));
      return { name: "operations/1", done: true, metadata, result: { case: "response" as const, value: response } };
    });
  });
  const operation = await client.trainModel();
  assert.throws(() => operation.result(), FailedPrecondition);
  const reported: number[] = [];
  const model = await operation.wait({ progress: ({ progressPercent }) => reported.push(progressPercent) });
  assert.equal(model.version, 7n);
  assert.deepEqual(reported, [50, 100]);
});

test("an operation that failed throws its error, and one of an unknown kind says so", async () => {
  const client = clientOf((router) =>
    router.rpc(OperationService.method.getOperation, ({ name }) =>
      name.endsWith("1")
        ? { name, done: true, result: { case: "error" as const, value: { code: Code.AlreadyExists, message: "there" } } }
        : { name, done: true, result: { case: "response" as const, value: anyPack(EmptySchema, create(EmptySchema)) } },
    ),
  );
  const failed = await client.getOperation("operations/1");
  assert.throws(() => failed.result(), AlreadyExists);
  const unknown = await client.getOperation("operations/2");
  assert.throws(() => unknown.result(), /does not know/);
});

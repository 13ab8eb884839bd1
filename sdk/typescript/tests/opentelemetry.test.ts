import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type ConnectRouter } from "@connectrpc/connect";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";

import { LeadService } from "../gen/leadline/v1/lead_service_pb.js";
import { ScoringService, WatchScoresResponseSchema } from "../gen/leadline/v1/scoring_service_pb.js";
import { Client, NotFound } from "../src/index.js";
import { tracing } from "../src/opentelemetry.js";

const LEAD = "leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10";

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
after(() => provider.shutdown());
beforeEach(() => {
  exporter.reset();
});

function clientOf(routes: (router: ConnectRouter) => void): Client {
  const options = { token: "secret", interceptors: [tracing()] };
  return new Client("leadline.example.com:443", options, (_baseUrl, interceptors) =>
    createRouterTransport(routes, { transport: { interceptors } }),
  );
}

/** Looks at a span: what OpenTelemetry's conventions say of a call, how it ended, and that Leadline was told of it. */
function check(span: ReadableSpan | undefined, rpc: string, code: number, traceparent?: string | null): void {
  assert.ok(span);
  const [service = "", method = ""] = rpc.split("/");
  assert.equal(span.name, `leadline.v1.${rpc}`);
  assert.equal(span.kind, SpanKind.CLIENT);
  assert.deepEqual(span.attributes, {
    "rpc.system": "grpc",
    "rpc.service": `leadline.v1.${service}`,
    "rpc.method": method,
    "rpc.grpc.status_code": code,
  });
  const isFailure = ![0, Code.Canceled].includes(code);
  assert.equal(span.status.code, isFailure ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
  if (traceparent === undefined) return;
  const { traceId, spanId } = span.spanContext();
  assert.equal(traceparent, `00-${traceId}-${spanId}-01`);
}

test("a call is one span with its retries inside", async () => {
  const parents: (string | null)[] = [];
  const client = clientOf((router) =>
    router.rpc(LeadService.method.createLead, (_request, context) => {
      parents.push(context.requestHeader.get("traceparent"));
      if (parents.length === 1) throw new ConnectError("restarting", Code.Unavailable);
      return { name: LEAD };
    }),
  );
  await trace.getTracer("program").startActiveSpan("of the program", async (outer) => {
    await client.createLead({ externalId: "a" });
    outer.end();
  });
  const [span, outer] = exporter.getFinishedSpans();
  check(span, "LeadService/CreateLead", 0, parents[0]);
  assert.equal(parents.length, 2);
  assert.equal(parents[1], parents[0]);
  assert.equal(span?.parentSpanContext?.spanId, outer?.spanContext().spanId);
});

test("a failed call has its error in its span", async () => {
  const client = clientOf((router) =>
    router.rpc(LeadService.method.getLead, () => {
      throw new ConnectError("no such lead", Code.NotFound);
    }),
  );
  await assert.rejects(client.getLead(LEAD), NotFound);
  const [span] = exporter.getFinishedSpans();
  check(span, "LeadService/GetLead", Code.NotFound);
  assert.equal(span?.status.message, "no such lead");
  assert.equal(span.events[0]?.attributes?.["exception.type"], "NotFound");
});

test("each stream of a watch is a span", async () => {
  const parents: (string | null)[] = [];
  const client = clientOf((router) =>
    router.rpc(ScoringService.method.watchScores, async function* (_request, context) {
      parents.push(context.requestHeader.get("traceparent"));
      const score = { lead: LEAD, model: "models/1", computeTime: timestampFromMs(parents.length) };
      const event = { case: "scoreChange" as const, value: { score } };
      yield create(WatchScoresResponseSchema, { resumeToken: `${parents.length}`, event });
      if (parents.length === 1) throw new ConnectError("restarting", Code.Unavailable);
      await Promise.resolve();
    }),
  );
  let seen = 0;
  for await (const update of client.watchScores()) {
    seen += 1;
    assert.equal(update.score.lead, LEAD);
    if (seen === 2) break;
  }
  const [cutOff, left] = exporter.getFinishedSpans();
  check(cutOff, "ScoringService/WatchScores", Code.Unavailable, parents[0]);
  check(left, "ScoringService/WatchScores", Code.Canceled, parents[1]);
});

/** The driver of this SDK for the contract suite of all SDKs, `tests/sdk`: it reads calls as lines of JSON and answers them. */
import { createInterface } from "node:readline";

import { toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";

import { FieldValueSchema } from "../gen/leadline/v1/value_pb.js";
import { Client as WebClient, type ClientOptions, LeadlineError, type PlainValue, toFieldValue, VERSION } from "../src/index.js";
import { Client as NodeClient, EventOutcome } from "../src/node.js";

type Told = Record<string, unknown>;

interface Connecting {
  readonly address: string;
  readonly token?: string;
  readonly api_key?: string;
  readonly timeout_ms?: number;
  readonly user_agent?: string;
}

const MOMENT = timestampFromMs(Date.UTC(2026, 0, 2, 3, 4, 5));
const IS_BROWSER = process.argv.includes("--browser");

function connect({ address, token, api_key: apiKey, timeout_ms: timeoutMs, user_agent: userAgent }: Connecting): WebClient {
  const options: ClientOptions = {
    ...(apiKey === undefined ? { token: token ?? "" } : { apiKey }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(userAgent !== undefined && { userAgent }),
    tls: false,
  };
  return IS_BROWSER ? new WebClient(address, options) : new NodeClient(address, options);
}

function* rows(count: number, bad: readonly number[]): Generator<{ externalId: string; email: string }> {
  for (let line = 1; line <= count; line += 1) {
    yield { externalId: `${line}`, email: bad.includes(line) ? "nonsense" : "" };
  }
}

function* events(count: number, bad: readonly number[]) {
  for (let place = 0; place < count; place += 1) {
    const subject = { case: "leadExternalId" as const, value: bad.includes(place) ? "nobody" : "somebody" };
    yield { eventId: `${place}`, subject, type: "page_view", occurredTime: MOMENT };
  }
}

/** Carries out calls, each under its name in the protocol. */
class Driver {
  #client = connect({ address: "127.0.0.1:1" });

  readonly calls: Record<string, (told: never) => unknown> = {
    version: () => VERSION,
    connect: (told: Connecting) => {
      this.#client = connect(told);
      return null;
    },
    get_lead: async ({ name }: { name: string }) => (await this.#client.getLead(name)).externalId,
    create_lead: async (told: { external_id: string; idempotency_key?: string }) => {
      const key = told.idempotency_key === undefined ? {} : { idempotencyKey: told.idempotency_key };
      return (await this.#client.createLead({ externalId: told.external_id }, key)).name;
    },
    change_owner: async ({ name, owner }: { name: string; owner: string }) => {
      const lead = await this.#client.getLead(name);
      lead.owner = owner;
      await this.#client.updateLead(lead);
      return null;
    },
    list_leads: async ({ page_size: pageSize = 0 }: { page_size?: number }) => {
      const found: string[] = [];
      for await (const lead of this.#client.listLeads({ pageSize })) found.push(lead.externalId);
      return found;
    },
    import_leads: async ({ count, bad }: { count: number; bad: number[] }) => {
      const { createdCount, refusedRows } = await this.#client.importLeads(rows(count, bad));
      return { created: createdCount, refused: refusedRows.map(({ lineNumber, error }) => [lineNumber, error.reason]) };
    },
    record_events: async ({ count, bad }: { count: number; bad: number[] }) => {
      const { recordedCount, refusedEvents } = await this.#client.recordEvents(events(count, bad));
      return { recorded: recordedCount, refused: refusedEvents.map(({ index, error }) => [index, error.reason]) };
    },
    batch_score_leads: async ({ names }: { names: string[] }) => {
      const results: Told[] = [];
      for await (const { name, score, error } of this.#client.batchScoreLeads(names)) {
        results.push(error ? { name, reason: error.reason } : { name, value: score?.value });
      }
      return results;
    },
    watch_scores: async (told: { count: number; names?: string[]; resume_token?: string; snapshot?: boolean }) => {
      const options = { resumeToken: told.resume_token ?? "", snapshot: told.snapshot ?? false };
      const updates: Told[] = [];
      for await (const { score, isSnapshot, resumeToken } of this.#client.watchScores(told.names, options)) {
        updates.push({ lead: score.lead, snapshot: isSnapshot, resume_token: resumeToken });
        if (updates.length === told.count) break;
      }
      return updates;
    },
    publish_events: async ({ count, bad }: { count: number; bad: number[] }) => {
      const results: string[][] = [];
      const client = this.#client;
      if (!(client instanceof NodeClient)) throw new TypeError("browsers can't publish");
      for await (const { eventId, outcome, error } of client.publishEvents(events(count, bad))) {
        results.push([eventId, EventOutcome[outcome], error?.reason ?? ""]);
      }
      return results;
    },
    watch_notifications: async ({ count, resume_token: resumeToken = "" }: { count: number; resume_token?: string }) => {
      const updates: Told[] = [];
      for await (const update of this.#client.watchNotifications({ resumeToken })) {
        updates.push({ notification: update.notification.name, resume_token: update.resumeToken });
        if (updates.length === count) break;
      }
      return updates;
    },
    methods: () => methodsOf(this.#client),
    list_lead_events: async ({ name, page_size: pageSize }: { name: string; page_size: number }) => {
      const found: (string | undefined)[] = [];
      for await (const { event } of this.#client.listLeadEvents({ parent: name, pageSize })) found.push(event?.eventId);
      return found;
    },
    export_audit_records: async () => {
      const found: string[] = [];
      for await (const { name } of this.#client.exportAuditRecords()) found.push(name);
      return found;
    },
    create_workflow: async ({ display_name: displayName }: { display_name: string }) =>
      (await this.#client.createWorkflow({ workflow: { displayName } })).displayName,
    get_leads_at_once: async ({ name, count }: { name: string; count: number }) =>
      (await Promise.all(Array.from({ length: count }, () => this.#client.getLead(name)))).length,
    log_in: async (told: { email: string; password: string }) => {
      await this.#client.logIn(told);
      return null;
    },
    train_model: async () => {
      const stages: string[] = [];
      const training = await this.#client.trainModel();
      const model = await training.wait({ progress: ({ stage }) => stages.push(stage) });
      return { model: model.name, stages };
    },
    field_value: ({ value }: { value: PlainValue | { date: string } }) => {
      const plain = typeof value === "object" && "date" in value ? new Date(value.date) : value;
      return Buffer.from(toBinary(FieldValueSchema, toFieldValue(plain))).toString("base64");
    },
  };
}

function methodsOf(client: object): string[] {
  const prototype = Object.getPrototypeOf(client) as object | null;
  return prototype ? [...Object.getOwnPropertyNames(prototype), ...methodsOf(prototype)] : [];
}

function errorOf(thrown: unknown): Told {
  if (!(thrown instanceof Error)) throw thrown;
  const told = { kind: thrown.name, text: `${String(thrown)} ${thrown.stack ?? ""}` };
  if (!(thrown instanceof LeadlineError)) return told;
  return {
    ...told,
    code: Code[thrown.code].replace(/(?<=[a-z])[A-Z]/g, "_$&").toUpperCase().replace(/^CANCELED$/, "CANCELLED"),
    reason: thrown.reason,
    metadata: thrown.metadata,
    violations: thrown.fieldViolations.map(({ field, description }) => [field, description]),
    retry_after_ms: thrown.retryAfterMs ?? null,
  };
}

const driver = new Driver();
for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...told } = JSON.parse(line) as { call: string };
  let answer: Told;
  try {
    answer = { result: (await driver.calls[call]?.(told as never)) ?? null };
  } catch (thrown) {
    answer = { error: errorOf(thrown) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();

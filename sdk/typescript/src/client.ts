/** The client. */
import { type DescMessage, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Client as ServiceClient, createClient, type Transport } from "@connectrpc/connect";

import { ContractMethods } from "../gen/contract_methods.js";
import { type Operation as OperationMessage } from "../gen/google/longrunning/operations_pb.js";
import { type EventSchema } from "../gen/leadline/v1/event_pb.js";
import { IntegrationService } from "../gen/leadline/v1/integration_service_pb.js";
import { type Lead, type LeadSchema } from "../gen/leadline/v1/lead_pb.js";
import { DuplicatePolicy, type ImportLeadsRequest, type ImportLeadsResponse, LeadService } from "../gen/leadline/v1/lead_service_pb.js";
import { type Model, ModelSchema, type Plot } from "../gen/leadline/v1/model_pb.js";
import { OperationService } from "../gen/leadline/v1/operation_service_pb.js";
import {
  type ActivateRuleSetRequestSchema,
  type ActivateRuleSetResponse,
  type DeactivateRuleSetRequestSchema,
  type DeactivateRuleSetResponse,
  type RuleService,
} from "../gen/leadline/v1/rule_service_pb.js";
import { type RuleSet } from "../gen/leadline/v1/rule_set_pb.js";
import { type Score } from "../gen/leadline/v1/score_pb.js";
import {
  type ReplayScoreResponse,
  type RescoreLeadsResponse,
  RescoreLeadsResponseSchema,
  ScoringService,
  type SuggestChangesResponse,
} from "../gen/leadline/v1/scoring_service_pb.js";
import { apiKeyTokens } from "./api_key.js";
import { type Items } from "./batches.js";
import { governed } from "./calling.js";
import {
  type CallOptions,
  type ClientOptions,
  currentToken,
  interceptorsOf,
  type MutationOptions,
  newIdempotencyKey,
  type TokenSource,
  type TransportFactory,
  urlOf,
} from "./connection.js";
import { errorFrom, errorFromStatus, type LeadlineError } from "./errors.js";
import { grpcWebTransport } from "./grpc_web.js";
import { type ImportableRow, ImportResult, importStreams } from "./importing.js";
import { Operation } from "./operations.js";
import { RecordEventsResult, recordEventsRequests } from "./recording.js";
import { pages } from "./pages.js";
import { Resumption, sleep } from "./resuming.js";
import { liveScores } from "./live.js";
import {
  type NotificationUpdate,
  type ResumptionOptions,
  type ScoreUpdate,
  watchNotifications,
  type WatchOptions,
  watchScores,
} from "./watching.js";

const DEFAULT_TIMEOUT_MS = 10_000;
const STREAM_TIMEOUT_MS = 120_000;
const MOST_FAILURES = 8;
/** The model server is fastest with batches of 64 to 256 explained leads, and the answer stays far below the limit. */
const LEADS_A_REQUEST = 250;
/** What operations make that are not told what they make. */
const RESULTS = [ModelSchema, RescoreLeadsResponseSchema];
/** Milliseconds that the answer to a wait may take on the way, above the time that it waits. */
const WAIT_MARGIN_MS = 10_000;

/** How to go through a list. */
export interface ListOptions extends CallOptions {
  /** How many to fetch at once, up to 1,000; 0 leaves it to Leadline. */
  readonly pageSize?: number;
}

/** How to go through leads. */
export interface ListLeadsOptions extends ListOptions {
  /** Conditions such as `status = OPEN AND score >= 70`; empty for all. */
  readonly filter?: string;
  /** `score desc`, `create_time desc` or `create_time`; empty for the newest first. */
  readonly orderBy?: string;
}

/** How to import. */
export interface ImportOptions extends MutationOptions {
  /** What to do with rows that are known already; they are skipped unless you say otherwise. */
  readonly duplicatePolicy?: DuplicatePolicy;
  /** Called each time that Leadline has stored some more. */
  readonly progress?: (soFar: ImportResult) => void;
}

/** What became of activating or deactivating a version of the scoring rules. */
export interface RuleSetChange {
  /** The version as it is now. */
  readonly ruleSet: RuleSet | undefined;
  /** A handle to wait until every open lead is scored anew; undefined while there is no model. */
  readonly rescoring: Operation<RescoreLeadsResponse> | undefined;
}

/** What became of one lead of a batch: it has a score or an error. */
export interface ScoredLead {
  readonly name: string;
  readonly score?: Score;
  readonly error?: LeadlineError;
}

/**
 * A connection to Leadline. Make one and keep it: all calls share it.
 *
 * Every method throws a `LeadlineError`, and takes `timeoutMs` and an abort `signal`. Calls without side effects, and
 * mutations under their idempotency key, are repeated where Leadline can't be reached for a moment.
 */
export class Client extends ContractMethods {
  readonly #options: ClientOptions;
  readonly #baseUrl: string;
  readonly #token: TokenSource;
  readonly #transport: Transport;
  readonly #leads: ServiceClient<typeof LeadService>;
  readonly #scoring: ServiceClient<typeof ScoringService>;
  readonly #integration: ServiceClient<typeof IntegrationService>;
  readonly #operations: ServiceClient<typeof OperationService>;

  /**
   * @param address `host:port` of the edge, or its URL.
   * @param options The token or the API key, and what else is to be told.
   * @param transport How calls travel: gRPC-web unless you say otherwise.
   */
  constructor(address: string, options: ClientOptions, transport: TransportFactory = grpcWebTransport) {
    super();
    this.#options = options;
    this.#baseUrl = urlOf(address, options.tls ?? true);
    this.#token =
      "token" in options
        ? options.token
        : apiKeyTokens(async () => {
            // Loaded with the first exchange alone: pages that log people in have no use for it.
            const { AuthenticationService } = await import("../gen/leadline/v1/authentication_service_pb.js");
            return this.service(AuthenticationService).exchangeApiKey({ apiKey: options.apiKey });
          });
    const made = transport(this.#baseUrl, interceptorsOf(options, this.#token));
    this.#transport = governed(made, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#leads = this.service(LeadService);
    this.#scoring = this.service(ScoringService);
    this.#integration = this.service(IntegrationService);
    this.#operations = this.service(OperationService);
  }

  /** Gives a client of any service of the contract, with this one's deadline, retries, keys and errors. */
  service<Service extends DescService>(service: Service): ServiceClient<Service> {
    return createClient(service, this.#transport);
  }

  /** Creates a lead. @throws AlreadyExists Another lead has this `externalId`. */
  createLead(lead: MessageInitShape<typeof LeadSchema>, options: MutationOptions = {}): Promise<Lead> {
    return this.#leads.createLead({ lead, ...keyOf(options) }, options);
  }

  /** Creates up to 1,000 leads, all or none. */
  async batchCreateLeads(
    leads: readonly MessageInitShape<typeof LeadSchema>[],
    options: MutationOptions = {},
  ): Promise<Lead[]> {
    return (await this.#leads.batchCreateLeads({ leads: [...leads], ...keyOf(options) }, options)).leads;
  }

  /** Gives a lead with its latest stored score. @throws NotFound */
  getLead(name: string, options: CallOptions = {}): Promise<Lead> {
    return this.#leads.getLead({ name }, options);
  }

  /** Goes through leads; the next page is fetched when it is needed. */
  async *listLeads({ filter = "", orderBy = "", pageSize = 0, ...call }: ListLeadsOptions = {}): AsyncGenerator<Lead> {
    const fetch = (pageToken: string) => this.#leads.listLeads({ filter, orderBy, pageSize, pageToken }, call);
    for await (const { leads } of pages(fetch)) yield* leads;
  }

  /** Changes a lead: what the mask names, or, without one, what is set. @throws NotFound, Conflict, InvalidRequest */
  updateLead(
    lead: MessageInitShape<typeof LeadSchema>,
    updateMask?: readonly string[],
    options: MutationOptions = {},
  ): Promise<Lead> {
    const mask = updateMask && { updateMask: { paths: [...updateMask] } };
    return this.#leads.updateLead({ lead, ...mask, ...keyOf(options) }, options);
  }

  /** Deletes a lead with its events and scores. @throws NotFound, Conflict */
  async deleteLead(name: string, { etag = "", ...options }: MutationOptions & { etag?: string } = {}): Promise<void> {
    await this.#leads.deleteLead({ name, etag, ...keyOf(options) }, options);
  }

  /** Imports any number of leads in constant memory; what a lost connection cut off is sent again under the same key. */
  async importLeads(rows: Items<ImportableRow>, options: ImportOptions = {}): Promise<ImportResult> {
    const result = new ImportResult(options.idempotencyKey ?? newIdempotencyKey());
    const policy = options.duplicatePolicy ?? DuplicatePolicy.SKIP;
    for await (const stream of importStreams(rows, result.idempotencyKey, policy)) {
      result.add(await this.#sendImport(stream, options));
      options.progress?.(result);
    }
    return result;
  }

  async #sendImport(stream: readonly ImportLeadsRequest[], options: CallOptions): Promise<ImportLeadsResponse> {
    const resumption = new Resumption(MOST_FAILURES);
    for (;;) {
      try {
        return await this.#leads.importLeads(each(stream), { timeoutMs: STREAM_TIMEOUT_MS, ...options });
      } catch (thrown) {
        await sleep(resumption.waitAfter(errorFrom(thrown)), options.signal);
      }
    }
  }

  /** Records what leads did, in as many requests as it takes. */
  async recordEvents(
    events: Items<MessageInitShape<typeof EventSchema>>,
    options: MutationOptions = {},
  ): Promise<RecordEventsResult> {
    const result = new RecordEventsResult(options.idempotencyKey ?? newIdempotencyKey());
    for await (const request of recordEventsRequests(events, result.idempotencyKey)) {
      result.add(await this.#integration.recordEvents(request, options));
    }
    return result;
  }

  /** Scores a stored lead as it now is, and says why. @throws NotFound */
  scoreLead(name: string, options: CallOptions & { omitAttributions?: boolean } = {}): Promise<Score> {
    return this.#scoring.scoreLead({ name, omitAttributions: options.omitAttributions ?? false }, options);
  }

  /** Scores a lead that is not stored. */
  scoreInlineLead(
    lead: MessageInitShape<typeof LeadSchema>,
    options: CallOptions & { omitAttributions?: boolean } = {},
  ): Promise<Score> {
    return this.#scoring.scoreInlineLead({ lead, omitAttributions: options.omitAttributions ?? false }, options);
  }

  /** Scores any number of stored leads, in as many requests as it takes. */
  async *batchScoreLeads(
    names: Iterable<string>,
    { omitAttributions = false, ...call }: CallOptions & { omitAttributions?: boolean } = {},
  ): AsyncGenerator<ScoredLead> {
    const remaining = [...names];
    while (remaining.length > 0) {
      const chunk = remaining.splice(0, LEADS_A_REQUEST);
      const { results } = await this.#scoring.batchScoreLeads({ names: chunk, omitAttributions }, call);
      for (const [place, name] of chunk.entries()) {
        const result = results[place]?.result;
        if (result?.case === "score") yield { name, score: result.value };
        if (result?.case === "status") yield { name, error: errorFromStatus(result.value) };
      }
    }
  }

  /** Tells what would raise a lead's score. @throws NotFound, FailedPrecondition There is no model yet. */
  suggestChanges(
    name: string,
    actionableFields: readonly string[] = [],
    options: CallOptions = {},
  ): Promise<SuggestChangesResponse> {
    return this.#scoring.suggestChanges({ name, actionableFields: [...actionableFields] }, options);
  }

  /** Goes through new scores as they are stored: without an end, a gap or a repetition. */
  watchScores(names: readonly string[] = [], options: WatchOptions = {}): AsyncGenerator<ScoreUpdate> {
    const target = async () => ({ baseUrl: this.#baseUrl, token: await currentToken(this.#token) });
    return watchScores(names, liveScores(this.#scoring, target, this.#options.live ?? "stream"), options);
  }

  /** Goes through the caller's new notifications as they are made: without an end, a gap or a repetition. */
  async *watchNotifications(options: ResumptionOptions = {}): AsyncGenerator<NotificationUpdate> {
    const { NotificationService } = await import("../gen/leadline/v1/notification_service_pb.js");
    const notifications = this.service(NotificationService);
    const open = (resumeToken: string, signal: AbortSignal) =>
      notifications.watchNotifications({ resumeToken }, { signal, timeoutMs: 0 });
    yield* watchNotifications(open, options);
  }

  /** Makes a version the rules of the scores, and has open leads scored anew. @throws NotFound, Conflict */
  async activateRuleSet(
    request: MessageInitShape<typeof ActivateRuleSetRequestSchema>,
    options: CallOptions = {},
  ): Promise<RuleSetChange> {
    return this.#ruleSetChange(await (await this.#rules()).activateRuleSet(request, options));
  }

  /** Ends the effect of the active version, and has open leads scored anew. @throws NotFound, Conflict */
  async deactivateRuleSet(
    request: MessageInitShape<typeof DeactivateRuleSetRequestSchema>,
    options: CallOptions = {},
  ): Promise<RuleSetChange> {
    return this.#ruleSetChange(await (await this.#rules()).deactivateRuleSet(request, options));
  }

  async #rules(): Promise<ServiceClient<typeof RuleService>> {
    return this.service((await import("../gen/leadline/v1/rule_service_pb.js")).RuleService);
  }

  #ruleSetChange({ ruleSet, rescoring }: ActivateRuleSetResponse | DeactivateRuleSetResponse): RuleSetChange {
    return { ruleSet, rescoring: rescoring && this.operationOf(rescoring, RescoreLeadsResponseSchema) };
  }

  /** Sets a lead's score, 0 to 100, by hand: it stands until it is cleared. @throws NotFound, InvalidRequest */
  overrideScore(name: string, value: number, options: MutationOptions = {}): Promise<Score> {
    return this.#scoring.overrideScore({ name, value, ...keyOf(options) }, options);
  }

  /** Leaves a lead's score to be computed again. @throws NotFound */
  clearScoreOverride(name: string, options: MutationOptions = {}): Promise<Score> {
    return this.#scoring.clearScoreOverride({ name, ...keyOf(options) }, options);
  }

  /** Computes a stored score once more from what was stored with it. @throws NotFound */
  replayScore(name: string, options: CallOptions = {}): Promise<ReplayScoreResponse> {
    return this.#scoring.replayScore({ name }, options);
  }

  /** Trains a model on the leads that have an outcome. */
  async trainModel(
    options: MutationOptions & { excludedFields?: readonly string[]; keptFields?: readonly string[] } = {},
  ): Promise<Operation<Model>> {
    const fields = { excludedFields: [...(options.excludedFields ?? [])], keptFields: [...(options.keptFields ?? [])] };
    return this.operationOf(await this.#scoring.trainModel({ ...fields, ...keyOf(options) }, options), ModelSchema);
  }

  /** Scores every open lead anew. @throws FailedPrecondition There is no model yet. */
  async rescoreLeads(options: MutationOptions = {}): Promise<Operation<RescoreLeadsResponse>> {
    return this.operationOf(await this.#scoring.rescoreLeads(keyOf(options), options), RescoreLeadsResponseSchema);
  }

  /** Gives a model with its evaluation. @throws NotFound */
  getModel(name: string, options: CallOptions = {}): Promise<Model> {
    return this.#scoring.getModel({ name }, options);
  }

  /** Goes through the models, the newest first. */
  async *listModels({ pageSize = 0, ...call }: ListOptions = {}): AsyncGenerator<Model> {
    const fetch = (pageToken: string) => this.#scoring.listModels({ pageSize, pageToken }, call);
    for await (const { models } of pages(fetch)) yield* models;
  }

  /** Gives the pictures of a model's evaluation. @throws NotFound */
  async getModelPlots(name: string, options: CallOptions = {}): Promise<Plot[]> {
    return (await this.#scoring.getModelPlots({ name }, options)).plots;
  }

  /** Makes a model champion. @throws NotFound, FailedPrecondition It did not pass the gate. */
  promoteModel(name: string, options: MutationOptions & { overrideGate?: boolean } = {}): Promise<Model> {
    const overrideGate = options.overrideGate ?? false;
    return this.#scoring.promoteModel({ name, overrideGate, ...keyOf(options) }, options);
  }

  /** Makes an earlier champion champion again; without a name, the one before the present one. @throws NotFound */
  rollBackModel(name = "", options: MutationOptions = {}): Promise<Model> {
    return this.#scoring.rollBackModel({ model: name, ...keyOf(options) }, options);
  }

  /** Deletes a model that is not champion. @throws NotFound, FailedPrecondition It is champion. */
  async deleteModel(name: string, options: MutationOptions = {}): Promise<void> {
    await this.#scoring.deleteModel({ name, ...keyOf(options) }, options);
  }

  /** Gives a handle of an operation that was started before; `result` is what it makes, if not a model or scores. @throws NotFound */
  async getOperation<Result = unknown>(
    name: string,
    { result, ...options }: CallOptions & { result?: DescMessage } = {},
  ): Promise<Operation<Result>> {
    return this.operationOf(await this.#operations.getOperation({ name }, options), ...(result ? [result] : RESULTS));
  }

  /** Goes through the operations, the newest first. */
  async *listOperations({ pageSize = 0, ...call }: ListOptions = {}): AsyncGenerator<Operation<unknown>> {
    const fetch = (pageToken: string) => this.#operations.listOperations({ pageSize, pageToken }, call);
    for await (const { operations } of pages(fetch)) yield* operations.map((message) => this.operationOf<unknown>(message, ...RESULTS));
  }

  /** Gives a handle of an operation that makes one of these. */
  protected operationOf<Result>(message: OperationMessage, ...results: readonly DescMessage[]): Operation<Result> {
    return new Operation<Result>(message, results, {
      wait: (name, milliseconds, signal) =>
        this.#operations.waitOperation(
          { name, timeout: durationFromMs(Math.round(milliseconds)) },
          { timeoutMs: milliseconds + WAIT_MARGIN_MS, ...(signal && { signal }) },
        ),
      cancel: (name) => this.#operations.cancelOperation({ name }),
    });
  }
}

function keyOf({ idempotencyKey }: MutationOptions): { idempotencyKey?: string } {
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield await Promise.resolve(item);
}

/**
 * TypeScript client of Leadline: score leads, see why, and hear of every new score.
 *
 * This entry speaks gRPC-web by `fetch`, in browsers and everywhere else; `leadline-sdk/node` speaks gRPC.
 */
export { type Event, EventSchema } from "../gen/leadline/v1/event_pb.js";
export { type Lead, LeadSchema, LeadStatus } from "../gen/leadline/v1/lead_pb.js";
export { DuplicatePolicy, type ImportRow, ImportRowSchema } from "../gen/leadline/v1/lead_service_pb.js";
export { type Model, ModelSchema, ModelState, type Plot, PlotKind } from "../gen/leadline/v1/model_pb.js";
export { type OperationMetadata } from "../gen/leadline/v1/operation_pb.js";
export { type Attribution, AttributionGroup, Grade, type Score, ScoreBasis } from "../gen/leadline/v1/score_pb.js";
export {
  type FieldChange,
  type ReplayScoreResponse,
  type RescoreLeadsResponse,
  type SuggestChangesResponse,
  type Suggestion,
} from "../gen/leadline/v1/scoring_service_pb.js";
export { type FieldValue, FieldValueSchema } from "../gen/leadline/v1/value_pb.js";
export { type Items } from "./batches.js";
export { Client, type ImportOptions, type ListLeadsOptions, type ListOptions, type RuleSetChange, type ScoredLead } from "./client.js";
export {
  type CallOptions,
  type ClientOptions,
  type ConnectionOptions,
  type Credentials,
  type MutationOptions,
  type TokenSource,
  type TransportFactory,
} from "./connection.js";
export {
  AlreadyExists,
  ApiKeyRefused,
  Cancelled,
  Conflict,
  DeadlineExceeded,
  FailedPrecondition,
  type FieldViolation,
  IdempotencyKeyReused,
  InternalError,
  InvalidRequest,
  LeadlineError,
  NotFound,
  PermissionDenied,
  ResourceExhausted,
  Unauthenticated,
  Unavailable,
} from "./errors.js";
export { type ImportableRow, type ImportResult, type RefusedRow } from "./importing.js";
export { type Operation, type WaitOptions } from "./operations.js";
export { pages } from "./pages.js";
export { type RecordEventsResult, type RefusedEvent } from "./recording.js";
export { type FieldKind, fromFieldValue, type PlainValue, toFields, toFieldValue } from "./values.js";
export { VERSION } from "./version.js";
export { type NotificationUpdate, type ResumptionOptions, type ScoreUpdate, type WatchOptions } from "./watching.js";

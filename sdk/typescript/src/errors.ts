/**
 * What can go wrong, as one tree of errors. Catch the class that says what you would do about it.
 *
 * ```
 * LeadlineError
 * ├── InvalidRequest        the request breaks a rule: look at `fieldViolations`, correct it
 * │   └── IdempotencyKeyReused   the key belongs to another request: take a new key
 * ├── Unauthenticated       no token, or one that is not accepted: get a new one
 * │   └── ApiKeyRefused          the API key is unknown, revoked or expired: make a new one
 * ├── PermissionDenied      the token lacks the permission in `metadata.permission`
 * ├── NotFound              no such lead, model or operation in the token's tenant
 * ├── AlreadyExists         another one has this id
 * ├── Conflict              somebody changed it meanwhile: read it again and repeat
 * ├── FailedPrecondition    something must happen before, such as training a first model
 * ├── ResourceExhausted     too many requests: wait `retryAfterMs`
 * ├── Unavailable           Leadline, or a part that it needs, can't be reached now: try later
 * ├── DeadlineExceeded      no answer in time: it may have been done, repeat under the same key
 * ├── Cancelled             the call or the operation was cancelled
 * └── InternalError         a defect of Leadline: report it with `metadata.request_id`
 * ```
 */
import { fromBinary } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { type Status } from "../gen/google/rpc/status_pb.js";

/** One field of a request that breaks a rule. */
export interface FieldViolation {
  /** The path of the field, for example `lead.email`. */
  readonly field: string;
  /** The rule that it breaks, in words. */
  readonly description: string;
}

/** What an error tells besides its message. */
export interface ErrorDetails {
  readonly code: Code;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Any failure of a call to Leadline. */
export class LeadlineError extends Error {
  /** The gRPC status code. */
  readonly code: Code;
  /** A name of `leadline.v1.ErrorReason` without its prefix; empty where the failure did not come from Leadline. */
  readonly reason: string;
  /** What the reason tells besides, for example `{ name: "leads/..." }`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that break a rule; empty for other failures. */
  readonly fieldViolations: readonly FieldViolation[];
  /** How long Leadline asks to wait before the next try; undefined if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.reason = details.reason ?? "";
    this.metadata = details.metadata ?? {};
    this.fieldViolations = details.fieldViolations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Gives the message, the reason and each field violation on one line. */
  override toString(): string {
    const reason = this.reason && ` [${this.reason}]`;
    const violations = this.fieldViolations.map(({ field, description }) => `; ${field}: ${description}`);
    return `${this.name}: ${this.message}${reason}${violations.join("")}`;
  }
}

/** The request breaks a rule of the contract; repeating it unchanged fails again. */
export class InvalidRequest extends LeadlineError {}
/** The idempotency key was used before with another request. */
export class IdempotencyKeyReused extends InvalidRequest {}
/** The token is missing, expired or not accepted. */
export class Unauthenticated extends LeadlineError {}
/** The API key is not one that may be used: it is unknown, was revoked, or its time is over. */
export class ApiKeyRefused extends Unauthenticated {}
/** The token is good, but does not permit this call. */
export class PermissionDenied extends LeadlineError {}
/** The token's tenant has no such resource. */
export class NotFound extends LeadlineError {}
/** What was to be created is there already; `metadata.name` says which. */
export class AlreadyExists extends LeadlineError {}
/** Somebody else's change came in between; read again and repeat. */
export class Conflict extends LeadlineError {}
/** Something else must happen first, such as training a model or recording outcomes. */
export class FailedPrecondition extends LeadlineError {}
/** A limit is reached: too many requests, or a message that is too large. */
export class ResourceExhausted extends LeadlineError {}
/** Leadline, or a part that it needs, can't be reached now. */
export class Unavailable extends LeadlineError {}
/** No answer came in time. A mutation may have been made: repeat it under the same idempotency key. */
export class DeadlineExceeded extends LeadlineError {}
/** The call or the operation was cancelled. */
export class Cancelled extends LeadlineError {}
/** A defect on Leadline's side. */
export class InternalError extends LeadlineError {}

type ErrorClass = new (message: string, details: ErrorDetails) => LeadlineError;

const BY_CODE: Readonly<Record<Code, ErrorClass>> = {
  [Code.InvalidArgument]: InvalidRequest,
  [Code.OutOfRange]: InvalidRequest,
  [Code.Unauthenticated]: Unauthenticated,
  [Code.PermissionDenied]: PermissionDenied,
  [Code.NotFound]: NotFound,
  [Code.AlreadyExists]: AlreadyExists,
  [Code.Aborted]: Conflict,
  [Code.FailedPrecondition]: FailedPrecondition,
  [Code.ResourceExhausted]: ResourceExhausted,
  [Code.Unavailable]: Unavailable,
  [Code.DeadlineExceeded]: DeadlineExceeded,
  [Code.Canceled]: Cancelled,
  [Code.Internal]: InternalError,
  [Code.Unknown]: InternalError,
  [Code.DataLoss]: InternalError,
  [Code.Unimplemented]: InternalError,
};
const CODES: ReadonlyMap<number, Code> = new Map<number, Code>(
  Object.values(Code).flatMap((code) => (typeof code === "number" ? [[code, code]] : [])),
);
// A reason that asks for something else than its status code does.
const BY_REASON: Readonly<Record<string, ErrorClass>> = {
  API_KEY_REFUSED: ApiKeyRefused,
  IDEMPOTENCY_KEY_REUSED: IdempotencyKeyReused,
  OPERATION_CANCELLED: Cancelled,
};

/** Gives the error that a `google.rpc.Status` tells of: a refused row, a result of a batch, a failed operation. */
export function errorFromStatus(status: Status, cause?: unknown): LeadlineError {
  let reason = "";
  let metadata: Record<string, string> = {};
  let fieldViolations: FieldViolation[] = [];
  let retryAfterMs: number | undefined;
  for (const { typeUrl, value } of status.details) {
    if (typeUrl.endsWith(`/${ErrorInfoSchema.typeName}`)) {
      const info = fromBinary(ErrorInfoSchema, value);
      reason = info.reason;
      metadata = { ...info.metadata };
    } else if (typeUrl.endsWith(`/${BadRequestSchema.typeName}`)) {
      fieldViolations = fromBinary(BadRequestSchema, value).fieldViolations.map(({ field, description }) => ({
        field,
        description,
      }));
    } else if (typeUrl.endsWith(`/${RetryInfoSchema.typeName}`)) {
      const delay = fromBinary(RetryInfoSchema, value).retryDelay;
      retryAfterMs = delay && durationMs(delay);
    }
  }
  const code = CODES.get(status.code) ?? Code.Unknown;
  const kind = BY_REASON[reason] ?? BY_CODE[code];
  return new kind(status.message, { code, reason, metadata, fieldViolations, retryAfterMs, cause });
}

/** Gives the error that whatever a call threw tells of. */
export function errorFrom(thrown: unknown): LeadlineError {
  if (thrown instanceof LeadlineError) return thrown;
  const failure = ConnectError.from(thrown);
  if (failure.cause instanceof LeadlineError) return failure.cause;
  const [info] = failure.findDetails(ErrorInfoSchema);
  const [request] = failure.findDetails(BadRequestSchema);
  const [retry] = failure.findDetails(RetryInfoSchema);
  const code = isBrokenConnection(failure) ? Code.Unavailable : failure.code;
  const kind = BY_REASON[info?.reason ?? ""] ?? BY_CODE[code];
  return new kind(failure.rawMessage, {
    code,
    reason: info?.reason ?? "",
    metadata: { ...info?.metadata },
    fieldViolations: request?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
    retryAfterMs: retry?.retryDelay && durationMs(retry.retryDelay),
    cause: thrown,
  });
}

/** Gives the error of a stream without an end that ended: its server is going away. */
export function streamEnded(): LeadlineError {
  return new Unavailable("the stream ended", { code: Code.Unavailable });
}

/** `fetch` tells of a connection that can't be made, or broke, by a TypeError, which Connect passes on as unknown. */
function isBrokenConnection(failure: ConnectError): boolean {
  const isUnnamed = failure.code === Code.Unknown || failure.code === Code.Internal;
  return isUnnamed && (failure.cause instanceof TypeError || failure.rawMessage === "missing trailer");
}

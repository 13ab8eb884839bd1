/** Repeats calls that can't do harm twice, where Leadline can't be reached for a moment. */
import { type DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

import { AuthenticationService } from "../gen/leadline/v1/authentication_service_pb.js";
import { errorFrom } from "./errors.js";
import { sleep } from "./resuming.js";

const MOST_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2_000;
const MOST_RETRY_TOKENS = 100;
const TOKENS_FOR_A_SUCCESS = 0.1;

/**
 * Tells whether a call may be sent again by itself: where the contract says that it has no side effects or that
 * repetitions are known, where its one request carries an idempotency key, and where it exchanges an API key, since a
 * second access token harms nobody.
 */
export function isRepeatable(method: DescMethod): boolean {
  if (method.methodKind !== "unary") return false;
  return (
    method.idempotency !== IdempotencyLevel.IDEMPOTENCY_UNKNOWN ||
    method === AuthenticationService.method.exchangeApiKey ||
    "idempotencyKey" in method.input.field
  );
}

/** Stops retries while more than about one call in ten fails, so that a client never adds to an overload. */
class RetryThrottle {
  #tokens = MOST_RETRY_TOKENS;

  succeeded(): void {
    this.#tokens = Math.min(MOST_RETRY_TOKENS, this.#tokens + TOKENS_FOR_A_SUCCESS);
  }

  /** Notes a failure; tells whether a retry is allowed. */
  failed(): boolean {
    this.#tokens = Math.max(0, this.#tokens - 1);
    return this.#tokens > MOST_RETRY_TOKENS / 2;
  }
}

/** Gives how many milliseconds the server asks to wait, as gRPC's servers do; none or less than 0 if not to repeat. */
function pushbackOf(thrown: unknown): number | undefined {
  const asked = ConnectError.from(thrown).metadata.get("grpc-retry-pushback-ms");
  return asked === null ? undefined : Number(asked);
}

/** Gives an interceptor that repeats repeatable calls within their deadline, with jitter. */
export function retrying(): Interceptor {
  const throttle = new RetryThrottle();
  return (next) => async (request) => {
    if (request.stream || !isRepeatable(request.method)) return next(request);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await next(request);
        throttle.succeeded();
        return response;
      } catch (thrown) {
        const error = errorFrom(thrown);
        const isTransient = error.code === Code.Unavailable || error.code === Code.ResourceExhausted;
        if (!isTransient || !throttle.failed() || attempt === MOST_ATTEMPTS || request.signal.aborted) throw thrown;
        const asked = pushbackOf(thrown);
        if (asked !== undefined && !(asked >= 0)) throw thrown;
        const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)) * (0.8 + 0.4 * Math.random());
        await sleep(asked ?? Math.max(error.retryAfterMs ?? 0, backoff), request.signal);
      }
    }
  };
}

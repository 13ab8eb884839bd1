/** Traces calls with OpenTelemetry; it needs `@opentelemetry/api`, which programs that trace have. */
import { Code, type Interceptor } from "@connectrpc/connect";
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from "@opentelemetry/api";

import { errorFrom } from "./errors.js";
import { VERSION } from "./version.js";

/**
 * Gives an interceptor for the `interceptors` of a client: each call is a span, its retries inside, and each stream of a
 * watch, an import or a publication. Leadline is told of the span, by whichever propagator your program has set.
 *
 * @param provider Where the spans go; the provider that your program has set, unless you say otherwise.
 */
export function tracing(provider?: TracerProvider): Interceptor {
  const tracer = (provider ?? trace).getTracer("leadline-sdk", VERSION);
  return (next) => async (request) => {
    const service = request.service.typeName;
    const method = request.method.name;
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    const span = tracer.startSpan(`${service}/${method}`, { kind: SpanKind.CLIENT, attributes });
    const inside = trace.setSpan(context.active(), span);
    propagation.inject(inside, request.header, { set: (header, name, value) => { header.set(name, value); } });
    try {
      const response = await context.with(inside, () => next(request));
      if (response.stream) {
        // Where a stream is left, Connect tells it by the signal alone.
        request.signal.addEventListener("abort", () => { end(span, request.signal.reason); }, { once: true });
        return { ...response, message: within(span, response.message) };
      }
      end(span);
      return response;
    } catch (thrown) {
      end(span, thrown);
      throw thrown;
    }
  };
}

/** Ends the span when the stream ends or fails. */
async function* within<Item>(span: Span, items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
    end(span);
  } catch (thrown) {
    end(span, thrown);
    throw thrown;
  }
}

/** Ends the span, once. What the program itself cancelled did not fail. */
function end(span: Span, thrown?: unknown): void {
  if (!span.isRecording()) return;
  const error = thrown === undefined ? undefined : errorFrom(thrown);
  span.setAttribute("rpc.grpc.status_code", error?.code ?? 0);
  if (error && error.code !== Code.Canceled) {
    const { name, message } = error;
    span.recordException({ name, message });
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end();
}

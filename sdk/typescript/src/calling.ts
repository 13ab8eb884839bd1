/** What every call has: a deadline, an idempotency key, typed errors. */
import { clone, create, type DescMessage, isMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { type Transport } from "@connectrpc/connect";

import { newIdempotencyKey } from "./connection.js";
import { errorFrom } from "./errors.js";

/**
 * Gives a transport whose calls have a deadline, carry an idempotency key where the contract asks for one, and fail
 * with a `LeadlineError`. The key is minted here, above the retries, so all tries of a call have the same.
 */
export function governed(transport: Transport, timeoutMs: number): Transport {
  return {
    async unary(method, signal, ownTimeoutMs, header, input, contextValues) {
      const message = withKey(method.input, input);
      try {
        return await transport.unary(method, signal, ownTimeoutMs ?? timeoutMs, header, message, contextValues);
      } catch (thrown) {
        throw errorFrom(thrown);
      }
    },
    async stream(method, signal, ownTimeoutMs, header, input, contextValues) {
      try {
        const response = await transport.stream(method, signal, ownTimeoutMs, header, input, contextValues);
        return { ...response, message: typed(response.message) };
      } catch (thrown) {
        throw errorFrom(thrown);
      }
    },
  };
}

function withKey<Input extends DescMessage>(schema: Input, input: MessageInitShape<Input>): MessageShape<Input> {
  const message = isMessage(input, schema) ? clone(schema, input) : create(schema, input);
  if ("idempotencyKey" in schema.field) {
    const keyed = message as unknown as { idempotencyKey: string };
    keyed.idempotencyKey ||= newIdempotencyKey();
  }
  return message;
}

async function* typed<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (thrown) {
    throw errorFrom(thrown);
  }
}

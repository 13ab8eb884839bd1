/** gRPC-web by `fetch`: in browsers and everywhere else. */
import { type DescMethodServerStreaming, type DescMessage, toBinary, create } from "@bufbuild/protobuf";
import { type Interceptor, type Transport } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/**
 * Gives a transport for unary calls and streams, also of requests: `fetch` sends no body bit by bit, so the messages of
 * such a stream are gathered and sent at once.
 */
export function grpcWebTransport(baseUrl: string, interceptors: Interceptor[]): Transport {
  const transport = createGrpcWebTransport({ baseUrl, interceptors });
  return {
    unary: transport.unary.bind(transport),
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      if (method.methodKind === "server_streaming") {
        return transport.stream(method, signal, timeoutMs, header, input, contextValues);
      }
      const envelopes: Uint8Array[] = [];
      for await (const message of input) {
        envelopes.push(encodeEnvelope(0, toBinary<DescMessage>(method.input, create(method.input, message))));
      }
      const gathering = createGrpcWebTransport({
        baseUrl,
        interceptors,
        fetch: (url, init) => fetch(url, { ...init, body: new Blob(envelopes as BlobPart[]) }),
      });
      const asServerStream: DescMethodServerStreaming<typeof method.input, typeof method.output> = {
        ...method,
        methodKind: "server_streaming",
      };
      return gathering.stream(asServerStream, signal, timeoutMs, header, once(create(method.input)), contextValues);
    },
  };
}

async function* once<Item>(item: Item): AsyncGenerator<Item> {
  yield await Promise.resolve(item);
}

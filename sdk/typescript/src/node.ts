/** The same client for Node, over gRPC: one HTTP/2 connection for all calls, and streams in both directions. */
import { type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { IntegrationService, type PublishEventsRequest } from "../gen/leadline/v1/integration_service_pb.js";
import { type Items } from "./batches.js";
import { Client as AnyClient } from "./client.js";
import { type ClientOptions } from "./connection.js";
import { type PublishableEvent, type PublishedEvent, publishEvents, type PublishOptions } from "./publishing.js";

export * from "./index.js";
export { EventOutcome } from "../gen/leadline/v1/integration_service_pb.js";
export { type PublishableEvent, type PublishedEvent, type PublishOptions } from "./publishing.js";

const KEEPALIVE_MS = 30_000;

/** A connection to Leadline over gRPC; see the client of the browser's entry. */
export class Client extends AnyClient {
  /**
   * @param address `host:port` of the edge, or its URL.
   * @param options The token, and what else is to be told. `rootCertificates` are the authorities to trust, as PEM.
   */
  constructor(address: string, options: ClientOptions & { readonly rootCertificates?: string }) {
    super(address, options, (baseUrl, interceptors) => grpcTransport(baseUrl, interceptors, options.rootCertificates));
  }

  /**
   * Records events as they happen, and gives what became of each as soon as Leadline tells, in their order.
   *
   * What a lost connection cut off is sent again; each event needs an `eventId`, by which nothing is kept twice. Go
   * through the answers to publish: as long as nobody takes them, nothing more is sent after the first few hundred.
   */
  publishEvents(events: Items<PublishableEvent>, options: PublishOptions = {}): AsyncGenerator<PublishedEvent> {
    const integration = this.service(IntegrationService);
    const open = (messages: AsyncIterable<PublishEventsRequest>, signal: AbortSignal) =>
      integration.publishEvents(messages, { signal, timeoutMs: 0 });
    return publishEvents(events, open, options);
  }
}

function grpcTransport(baseUrl: string, interceptors: Interceptor[], rootCertificates?: string): Transport {
  return createGrpcTransport({
    baseUrl,
    interceptors,
    pingIntervalMs: KEEPALIVE_MS,
    ...(rootCertificates !== undefined && { nodeOptions: { ca: rootCertificates } }),
  });
}

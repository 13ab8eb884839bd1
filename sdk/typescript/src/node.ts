/** The same client for Node, over gRPC: one HTTP/2 connection for all calls, and streams in both directions. */
import { Code, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

import { IntegrationService, type PublishEventsRequest } from "../gen/leadline/v1/integration_service_pb.js";
import { type Items } from "./batches.js";
import { Client as AnyClient } from "./client.js";
import { type ClientOptions, urlOf } from "./connection.js";
import { Cancelled } from "./errors.js";
import { type PublishableEvent, type PublishedEvent, publishEvents, type PublishOptions } from "./publishing.js";

export * from "./index.js";
export { EventOutcome } from "../gen/leadline/v1/integration_service_pb.js";
export { type PublishableEvent, type PublishedEvent, type PublishOptions } from "./publishing.js";

const KEEPALIVE_MS = 30_000;

/** A connection to Leadline over gRPC; see the client of the browser's entry. */
export class Client extends AnyClient {
  readonly #connection: Connection;

  /**
   * @param address `host:port` of the edge, or its URL.
   * @param options The token, and what else is to be told. `rootCertificates` are the authorities to trust, as PEM.
   */
  constructor(address: string, options: ClientOptions & { readonly rootCertificates?: string }) {
    const connection = new Connection(urlOf(address, options.tls ?? true), options.rootCertificates);
    super(address, options, (baseUrl, interceptors) => connection.transport(baseUrl, interceptors));
    this.#connection = connection;
  }

  /** Closes the connection: calls and streams under way end with `Cancelled`, and so does every later call. */
  close(): void {
    this.#connection.close();
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

/** The HTTP/2 connection of a client: opened when it is needed, until it is closed. */
class Connection {
  readonly #sessions: Http2SessionManager;
  #isClosed = false;

  constructor(baseUrl: string, rootCertificates: string | undefined) {
    const security = rootCertificates === undefined ? {} : { ca: rootCertificates };
    this.#sessions = new Http2SessionManager(baseUrl, { pingIntervalMs: KEEPALIVE_MS }, security);
  }

  transport(baseUrl: string, interceptors: Interceptor[]): Transport {
    return createGrpcTransport({
      baseUrl,
      interceptors: [this.#refusing, ...interceptors],
      sessionManager: this.#sessions,
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#sessions.abort();
  }

  /** Lets no call open the connection anew, such as the next stream of a watch. */
  readonly #refusing: Interceptor = (next) => async (request) => {
    if (this.#isClosed) throw new Cancelled("the client is closed", { code: Code.Canceled });
    return next(request);
  };
}

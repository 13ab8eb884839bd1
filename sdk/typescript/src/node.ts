/** The same client for Node, over gRPC: one HTTP/2 connection for all calls, and streams in both directions. */
import { type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { Client as AnyClient } from "./client.js";
import { type ClientOptions } from "./connection.js";

export * from "./index.js";

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
}

function grpcTransport(baseUrl: string, interceptors: Interceptor[], rootCertificates?: string): Transport {
  return createGrpcTransport({
    baseUrl,
    interceptors,
    pingIntervalMs: KEEPALIVE_MS,
    ...(rootCertificates !== undefined && { nodeOptions: { ca: rootCertificates } }),
  });
}

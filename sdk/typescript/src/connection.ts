/** How a connection is made: where to, with which token, and who it says it is. */
import { getOption } from "@bufbuild/protobuf";
import { Code, type Interceptor, type Transport } from "@connectrpc/connect";

import { public$ as isPublic } from "../gen/leadline/v1/permission_pb.js";
import { errorFrom, type LeadlineError, Unauthenticated } from "./errors.js";
import { renewable } from "./resuming.js";
import { retrying } from "./retrying.js";
import { VERSION } from "./version.js";

/**
 * A bearer token, or a function that gives the one to use now. It is asked before each call, so it should keep what it
 * fetched until it expires. Where Leadline refuses a token, it is asked once more with the one that was `refused`.
 */
export type TokenSource = string | ((refused?: string) => string | Promise<string>);

/** As whom a client calls: with a token, or with an API key for which it gets tokens by itself. */
export type Credentials = { readonly token: TokenSource } | { readonly apiKey: string };

/** What a client can be told. */
export type ClientOptions = ConnectionOptions & Credentials;

/** What a client can be told besides as whom it calls. */
export interface ConnectionOptions {
  /** False for plain text where `address` is `host:port`; true unless you say otherwise. */
  readonly tls?: boolean;
  /** Milliseconds that a call may take, its retries included, where the call does not say otherwise; 10,000. */
  readonly timeoutMs?: number;
  /** The name and version of your program, sent before the SDK's own. */
  readonly userAgent?: string;
  /** Interceptors of Connect that see each call, its retries inside: for traces, metrics and logs. */
  readonly interceptors?: readonly Interceptor[];
  /** How watches are carried: by WebSocket, with the stream where that fails, or by the stream alone (as usual). */
  readonly live?: "websocket" | "stream";
}

/** What one call can be told. */
export interface CallOptions {
  /** Milliseconds that it may take, its retries included. */
  readonly timeoutMs?: number;
  /** Cancels it. */
  readonly signal?: AbortSignal;
}

/** What a mutation can be told. */
export interface MutationOptions extends CallOptions {
  /** Under which it is done once: give one to be able to repeat the call safely after your own process died. */
  readonly idempotencyKey?: string;
}

/** Makes a transport to a URL with these interceptors. */
export type TransportFactory = (baseUrl: string, interceptors: Interceptor[]) => Transport;

/** Gives the URL of an address: `host:port`, or a URL already. */
export function urlOf(address: string, tls: boolean): string {
  const url = /^https?:\/\//.test(address) ? address : `${tls ? "https" : "http"}://${address}`;
  return new URL(url).origin;
}

/** Gives a key for one logical call. */
export function newIdempotencyKey(): string {
  // Random UUIDs are there only on pages of a secure origin; random bytes are there everywhere.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Why a token may be refused although what it was got for is good. */
const RENEWABLE_REASONS: ReadonlySet<string> = new Set(["TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED"]);

/** Gives the token to use now. */
export async function currentToken(source: TokenSource, refused?: string): Promise<string> {
  return typeof source === "string" ? source : source(refused);
}

/** Gives the interceptors of a client, the outermost first. */
export function interceptorsOf(options: ConnectionOptions, token: TokenSource): Interceptor[] {
  return [...(options.interceptors ?? []), retrying(), authorizing(token), identifying(options.userAgent ?? "")];
}

function authorizing(source: TokenSource): Interceptor {
  /** The latest stream that was refused with its token: the next one asks for another. */
  let refusal: Refusal | undefined;
  return (next) => async (request) => {
    // What needs no token works with an expired one too, if none is sent.
    if (getOption(request.method, isPublic)) return next(request);
    if (request.stream) {
      const token = await currentToken(source, refusal?.token);
      if (refusal?.token === token) throw giveUp(refusal);
      setToken(request, token);
      const refuse = (thrown: unknown): LeadlineError => {
        const error = errorFrom(thrown);
        if (typeof source !== "string" && RENEWABLE_REASONS.has(error.reason)) {
          refusal = { token, error };
          renewable.add(error);
        }
        return error;
      };
      try {
        const response = await next(request);
        return response.stream ? { ...response, message: failing(response.message, refuse) } : response;
      } catch (thrown) {
        throw refuse(thrown);
      }
    }
    const token = await currentToken(source);
    setToken(request, token);
    try {
      return await next(request);
    } catch (thrown) {
      // Nothing was done under a refused token, so even what is not repeatable may be sent with a new one.
      if (typeof source === "string" || !RENEWABLE_REASONS.has(errorFrom(thrown).reason)) throw thrown;
      const renewed = await currentToken(source, token);
      if (renewed === token) throw thrown;
      setToken(request, renewed);
      return next(request);
    }
  };
}

interface Refusal {
  readonly token: string;
  readonly error: LeadlineError;
}

function giveUp({ error }: Refusal): LeadlineError {
  renewable.delete(error);
  return error;
}

function setToken(request: { readonly header: Headers }, token: string): void {
  // Checked here, since the error of `Headers` would tell the token.
  if (!/^[ -~]*$/.test(token)) {
    const message = "the token has characters that can't be sent, such as a line break";
    throw new Unauthenticated(message, { code: Code.Unauthenticated });
  }
  request.header.set("authorization", `Bearer ${token}`);
}

async function* failing<Item>(items: AsyncIterable<Item>, errorOf: (thrown: unknown) => Error): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (thrown) {
    throw errorOf(thrown);
  }
}

function identifying(program: string): Interceptor {
  const agent = `${program} leadline-typescript/${VERSION}`.trim();
  return (next) => (request) => {
    // Web pages may not set the user agent itself.
    request.header.set("x-user-agent", agent);
    if (!("document" in globalThis)) request.header.set("user-agent", agent);
    return next(request);
  };
}

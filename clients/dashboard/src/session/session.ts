/** Who is logged in: the tokens, their renewal and their end. */
import { Client, type TokenSource, Unauthenticated } from "leadline-sdk";
import type { AuthenticationService, TokenSet } from "leadline-sdk/contract/authentication_service";

import { readSetting, writeSetting } from "@/common/storage";
import { dateOf } from "@/text/formats";

const SETTING = "session";
const MARGIN_MS = 30_000;

/** What is kept of a session. */
export interface SessionTokens {
  readonly accessToken: string;
  /** When the access token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** Empty for a token that was pasted: it can't be renewed. */
  readonly refreshToken: string;
  readonly displayName: string;
  readonly email: string;
  /** Whether log-in asks for a second factor, as far as the last renewal knew. */
  readonly hasSecondFactor: boolean;
}

/** Gives what to keep of the answer to a log-in. */
export function tokensOf(set: TokenSet): SessionTokens {
  return {
    accessToken: set.accessToken,
    expiresAt: set.accessTokenExpireTime ? dateOf(set.accessTokenExpireTime).getTime() : 0,
    refreshToken: set.refreshToken,
    displayName: set.user?.displayName ?? "",
    email: set.user?.email ?? "",
    hasSecondFactor: set.user?.secondFactorEnabled ?? false,
  };
}

/** Gives a session of a token that was pasted; undefined if it is none. */
export function pastedTokens(text: string): SessionTokens | undefined {
  const token = text.trim().replace(/^"|"$/g, "");
  const { exp, sub } = claimsOf(token);
  if (typeof exp !== "number") return undefined;
  return { accessToken: token, expiresAt: exp * 1_000, refreshToken: "", displayName: sub ?? "", email: "", hasSecondFactor: false };
}

/** What a token says; only Leadline can tell whether it is true. */
interface Claims {
  readonly exp?: number;
  readonly sub?: string;
  readonly scope?: string;
}

function claimsOf(token: string): Claims {
  try {
    const [, payload = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    // Neither base64 nor JSON: it is no token.
    return {};
  }
}

/** Gives who is logged in, such as `users/{user}`. */
export function subjectOf({ accessToken }: SessionTokens): string {
  return claimsOf(accessToken).sub ?? "";
}

/** Gives what whoever is logged in may do, as texts such as `leads.read`. */
export function scopesOf({ accessToken }: SessionTokens): readonly string[] {
  return (claimsOf(accessToken).scope ?? "").split(" ").filter(Boolean);
}

/** Gives what is kept of the session; undefined if nobody is logged in. */
export function keptTokens(): SessionTokens | undefined {
  const text = readSetting(SETTING);
  return text === undefined ? undefined : (JSON.parse(text) as SessionTokens);
}

/** Keeps a session; undefined forgets it. */
export function keepTokens(tokens: SessionTokens | undefined): void {
  writeSetting(SETTING, tokens && JSON.stringify(tokens));
}

/** A client for what needs no log-in. */
export const publicClient = (): Client => new Client(window.location.origin, { token: "" });

/** Gives the service of log-ins and sessions, which is loaded when it is needed first. */
export async function authentication(client: Client): Promise<ReturnType<typeof client.service<typeof AuthenticationService>>> {
  const contract = await import("leadline-sdk/contract/authentication_service");
  return client.service(contract.AuthenticationService);
}

/**
 * Gives the source of tokens for the calls of a session. A refresh token is used up by its use, so all tabs of the
 * browser take turns and look first whether another has renewed already.
 *
 * @param onEnd Told when the session is over.
 */
export function tokenSource(onEnd: () => void): TokenSource {
  let renewing: Promise<string> | undefined;
  return (refused) => {
    const held = keptTokens();
    if (held && held.accessToken !== refused && held.expiresAt - MARGIN_MS > Date.now()) return held.accessToken;
    renewing ??= exclusively(() => renewed(refused, onEnd)).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
}

async function renewed(refused: string | undefined, onEnd: () => void): Promise<string> {
  const held = keptTokens();
  if (!held) return "";
  if (held.accessToken !== refused && held.expiresAt - MARGIN_MS > Date.now()) return held.accessToken;
  if (held.refreshToken === "") {
    if (refused !== undefined || held.expiresAt <= Date.now()) onEnd();
    return held.accessToken;
  }
  try {
    const service = await authentication(publicClient());
    const tokens = tokensOf(await service.refreshToken({ refreshToken: held.refreshToken }));
    keepTokens({ ...tokens, displayName: tokens.displayName || held.displayName, email: tokens.email || held.email });
    return tokens.accessToken;
  } catch (error) {
    if (error instanceof Unauthenticated) onEnd();
    throw error;
  }
}

async function exclusively(action: () => Promise<string>): Promise<string> {
  // Locks are there only on pages of a secure origin.
  if (!("locks" in navigator)) return action();
  return navigator.locks.request("leadline-session", action);
}

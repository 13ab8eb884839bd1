/** The session of whoever looks, and the client that calls with it. */
import { useQueryClient } from "@tanstack/react-query";
import { Client } from "leadline-sdk";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

import { authentication, keepTokens, keptTokens, type SessionTokens, tokenSource } from "./session";

interface SessionValue {
  /** Undefined while nobody is logged in. */
  readonly session: { readonly tokens: SessionTokens; readonly client: Client } | undefined;
  /** Whether the last session ended by itself rather than by logging out. */
  readonly hasExpired: boolean;
  readonly begin: (tokens: SessionTokens) => void;
  readonly end: () => void;
}

const SessionContext = createContext<SessionValue | undefined>(undefined);

/** Gives what is inside the session. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [tokens, setTokens] = useState(keptTokens);
  const [hasExpired, setHasExpired] = useState(false);
  const queries = useQueryClient();

  const finish = useCallback(
    (expired: boolean) => {
      keepTokens(undefined);
      setTokens(undefined);
      setHasExpired(expired);
      queries.clear();
    },
    [queries],
  );

  useEffect(() => {
    // Another tab logged in or out.
    const follow = (): void => {
      setTokens(keptTokens());
    };
    window.addEventListener("storage", follow);
    return () => {
      window.removeEventListener("storage", follow);
    };
  }, []);

  const isLoggedIn = tokens !== undefined;
  const client = useMemo(() => {
    if (!isLoggedIn) return undefined;
    const token = tokenSource(() => {
      finish(true);
    });
    return new Client(window.location.origin, { token, live: "websocket", userAgent: "leadline-dashboard" });
  }, [isLoggedIn, finish]);

  const value = useMemo<SessionValue>(
    () => ({
      session: tokens && client ? { tokens, client } : undefined,
      hasExpired,
      begin: (begun) => {
        keepTokens(begun);
        setHasExpired(false);
        setTokens(begun);
      },
      end: () => {
        if (tokens?.refreshToken && client) {
          // Whether or not the server hears of it, this browser forgets the session.
          authentication(client)
            .then((service) => service.logOut({}))
            .catch(() => undefined);
        }
        finish(false);
      },
    }),
    [tokens, client, hasExpired, finish],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}

/** Gives the session, which may be none. */
export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("outside of SessionProvider");
  return value;
}

/** Gives the client of the session. Only for pages that are shown to people who are logged in. */
export function useClient(): Client {
  const { session } = useSession();
  if (!session) throw new Error("nobody is logged in");
  return session.client;
}

"use client";

/** What all pages have around them: language, colours, session, notices, live scores. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Unauthenticated } from "leadline-sdk";
import dynamic from "next/dynamic";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";

const Inside = dynamic(() => import("./inside").then((module) => module.Inside), { ssr: false, loading: Boot });

const nothing = (): (() => void) => () => undefined;

/** Shows nothing but a sign of life until the browser runs us: what is shown depends on who looks. */
export function Application({ children }: { readonly children: ReactNode }) {
  const isInBrowser = useSyncExternalStore(
    nothing,
    () => true,
    () => false,
  );
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            staleTime: 15_000,
            // The SDK repeats calls by itself; what is wrong with a call does not mend by repeating.
            retry: false,
            refetchOnWindowFocus: (query) => !(query.state.error instanceof Unauthenticated),
          },
        },
      }),
  );
  useEffect(() => {
    if ("serviceWorker" in navigator && process.env.NODE_ENV === "production") {
      // Without it all works but the start without a connection.
      navigator.serviceWorker.register("/app/service_worker.js", { scope: "/app/" }).catch(() => undefined);
    }
  }, []);
  if (!isInBrowser) return <Boot />;
  return (
    <QueryClientProvider client={queries}>
      <Inside>{children}</Inside>
    </QueryClientProvider>
  );
}

function Boot() {
  return <div className="boot" role="status" aria-label="Leadline" />;
}

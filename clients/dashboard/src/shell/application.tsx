/** What all pages have around them: language, colours, session, notices. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Unauthenticated } from "leadline-sdk";
import { useRouter } from "next/router";
import { type ReactNode, useEffect, useState } from "react";

import { NoticeProvider } from "@/common/notice";
import { SessionProvider } from "@/session/session_context";
import { LanguageProvider } from "@/text/language";

import { ColourSchemeProvider } from "./colour_scheme";

/** Shows nothing but a sign of life until the browser runs us: what is shown depends on who looks. */
export function Application({ children }: { readonly children: ReactNode }) {
  const { isReady } = useRouter();
  const [isInBrowser, setIsInBrowser] = useState(false);
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
    setIsInBrowser(true);
    if ("serviceWorker" in navigator && process.env.NODE_ENV === "production") {
      // Without it all works but the start without a connection.
      navigator.serviceWorker.register("/app/service_worker.js", { scope: "/app/" }).catch(() => undefined);
    }
  }, []);
  if (!isReady || !isInBrowser) return <Boot />;
  return (
    <QueryClientProvider client={queries}>
      <LanguageProvider>
        <ColourSchemeProvider>
          <NoticeProvider>
            <SessionProvider>{children}</SessionProvider>
          </NoticeProvider>
        </ColourSchemeProvider>
      </LanguageProvider>
    </QueryClientProvider>
  );
}

/** Stands in the page itself, so that it is there at once: the name of what is coming. */
function Boot() {
  return (
    <div className="boot" role="status">
      <p>Leadline</p>
    </div>
  );
}

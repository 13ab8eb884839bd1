/** The application as whoever looks sees it. */
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { type ReactNode, useEffect } from "react";

import { NoticeProvider } from "@/common/notice";
import { LiveProvider } from "@/live/live_context";
import { SessionProvider, useSession } from "@/session/session_context";
import { LanguageProvider } from "@/text/language";

import { ColourSchemeProvider } from "./colour_scheme";
import { Frame } from "./frame";

const LOG_IN = "/log-in";

/** Gives a page everything that it needs, once somebody is logged in. */
export function Inside({ children }: { readonly children: ReactNode }) {
  return (
    <LanguageProvider>
      <ColourSchemeProvider>
        <NoticeProvider>
          <SessionProvider>
            <Guarded>{children}</Guarded>
          </SessionProvider>
        </NoticeProvider>
      </ColourSchemeProvider>
    </LanguageProvider>
  );
}

function Guarded({ children }: { readonly children: ReactNode }) {
  const { session } = useSession();
  const router = useRouter();
  const path = usePathname();
  const query = useSearchParams().toString();
  const isLogIn = path.startsWith(LOG_IN);
  useEffect(() => {
    if (!session && !isLogIn) {
      const here = query ? `${path}?${query}` : path;
      router.replace(`${LOG_IN}/?next=${encodeURIComponent(here)}`);
    }
  }, [session, isLogIn, path, query, router]);
  if (isLogIn) return children;
  if (!session) return null;
  return (
    <LiveProvider client={session.client}>
      <Frame>{children}</Frame>
    </LiveProvider>
  );
}

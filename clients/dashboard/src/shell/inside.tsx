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
/** For people who are not logged in: the log-in, and what messages lead to. */
const OPEN = [LOG_IN, "/verify-email", "/reset-password", "/accept-invitation"];

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
  const isOpen = OPEN.some((open) => path.startsWith(open));
  useEffect(() => {
    if (!session && !isOpen) {
      const here = query ? `${path}?${query}` : path;
      router.replace(`${LOG_IN}/?next=${encodeURIComponent(here)}`);
    }
  }, [session, isOpen, path, query, router]);
  if (isOpen) return children;
  if (!session) return null;
  return (
    <LiveProvider client={session.client}>
      <Frame>{children}</Frame>
    </LiveProvider>
  );
}

/** Pages for people who are logged in. */
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { type ComponentType, type ReactNode, useEffect } from "react";

import { LiveProvider } from "@/live/live_context";
import { useSession } from "@/session/session_context";

import { Frame } from "./frame";

/** A page with what stays around it from page to page; nothing if it has no `Layout`. */
export type Page = ComponentType & { Layout?: ComponentType<{ readonly children: ReactNode }> };

/** Gives a page its frame and live scores; who is not logged in is asked to, and comes back. */
export function membersOnly(content: ComponentType): Page {
  return Object.assign(content, { Layout: Members });
}

function Members({ children }: { readonly children: ReactNode }) {
  const { session } = useSession();
  const router = useRouter();
  const path = usePathname();
  const query = useSearchParams().toString();
  useEffect(() => {
    if (!session) {
      const here = query ? `${path}?${query}` : path;
      router.replace(`/log-in/?next=${encodeURIComponent(here)}`);
    }
  }, [session, path, query, router]);
  if (!session) return null;
  return (
    <LiveProvider client={session.client}>
      <Frame>{children}</Frame>
    </LiveProvider>
  );
}

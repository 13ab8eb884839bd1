/** The live scores of whoever is logged in. */
import { type Client, LeadlineError } from "leadline-sdk";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { useNotice } from "@/common/notice";

import { type ChangeListener, LiveScores } from "./live_scores";

const LiveContext = createContext<LiveScores | undefined>(undefined);

interface LiveProviderProps {
  readonly client: Client;
  readonly children: ReactNode;
}

/** Watches while it is shown. */
export function LiveProvider({ client, children }: LiveProviderProps) {
  const live = useMemo(() => new LiveScores(client), [client]);
  const { tellError } = useNotice();
  useEffect(() => {
    const controller = new AbortController();
    live.run(controller.signal).catch((error: unknown) => {
      if (error instanceof LeadlineError && !controller.signal.aborted) tellError(error);
    });
    return () => {
      controller.abort();
    };
  }, [live, tellError]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

function useLive(): LiveScores {
  const live = useContext(LiveContext);
  if (!live) throw new Error("outside of LiveProvider");
  return live;
}

/** Tells whether changes come in. */
export function useIsLive(): boolean {
  const live = useLive();
  return useSyncExternalStore(live.subscribeState, live.isConnected);
}

/** Calls a function with changes, a few times a second at most. */
export function useLiveChanges(listener: ChangeListener): void {
  const live = useLive();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(
    () =>
      live.subscribe((changes) => {
        latest.current(changes);
      }),
    [live],
  );
}

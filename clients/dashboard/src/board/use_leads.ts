/** The leads of the board: loaded page by page, kept up to date as scores change. */
import { type Lead } from "leadline-sdk";
import { useCallback, useEffect, useMemo, useState } from "react";

import { type LiveChange } from "@/live/live_scores";
import { useLiveChanges } from "@/live/live_context";
import { useClient } from "@/session/session_context";

/** What a browser can hold and search through at once; more is found by filters. */
export const MOST_LEADS = 10_000;
const PAGE_SIZE = 500;
/** Leads that were not loaded and whose score changed: so many are fetched at once. */
const MOST_NEW_LEADS = 20;

/** A lead with what happened to its score while the board was open. */
export interface BoardLead {
  readonly lead: Lead;
  /** Points of the latest change; 0 while nothing changed. */
  readonly change: number;
  /** When it changed, in milliseconds since 1970; 0 while nothing changed. */
  readonly changedAt: number;
}

interface LoadedLeads {
  readonly leads: ReadonlyMap<string, BoardLead>;
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly reload: () => void;
}

/**
 * Gives the leads that fit a filter of ListLeads, the highest score first.
 *
 * @param filter A filter of ListLeads.
 */
export function useLeads(filter: string): LoadedLeads {
  const client = useClient();
  const [leads, setLeads] = useState<ReadonlyMap<string, BoardLead>>(new Map());
  const [isLoading, setIsLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const load = async (): Promise<void> => {
      const loaded = new Map<string, BoardLead>();
      const list = client.listLeads({ filter, orderBy: "score desc", pageSize: PAGE_SIZE, signal });
      for await (const lead of list) {
        loaded.set(lead.name, { lead, change: 0, changedAt: 0 });
        if (loaded.size % PAGE_SIZE === 0) setLeads(new Map(loaded));
        if (loaded.size >= MOST_LEADS) break;
      }
      if (!signal.aborted) setLeads(loaded);
    };
    setIsLoading(true);
    setError(undefined);
    load()
      .catch((thrown: unknown) => {
        if (!signal.aborted) setError(thrown);
      })
      .finally(() => {
        if (!signal.aborted) setIsLoading(false);
      });
    return () => {
      controller.abort();
    };
  }, [client, filter, attempt]);

  const addUnknown = useCallback(
    async (changes: readonly LiveChange[]) => {
      const settled = await Promise.allSettled(changes.slice(0, MOST_NEW_LEADS).map(({ lead }) => client.getLead(lead)));
      const found = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      setLeads((held) => {
        const next = new Map(held);
        for (const lead of found) {
          if (!next.has(lead.name)) next.set(lead.name, { lead, change: 0, changedAt: Date.now() });
        }
        return next;
      });
    },
    [client],
  );

  useLiveChanges((changes) => {
    const unknown = changes.filter(({ lead }) => !leads.has(lead));
    if (unknown.length > 0 && !isLoading && leads.size < MOST_LEADS) void addUnknown(unknown);
    if (unknown.length < changes.length) setLeads((held) => withChanges(held, changes));
  });

  const reload = useCallback(() => {
    setAttempt((count) => count + 1);
  }, []);
  return useMemo(() => ({ leads, isLoading, error, reload }), [leads, isLoading, error, reload]);
}

function withChanges(held: ReadonlyMap<string, BoardLead>, changes: readonly LiveChange[]): Map<string, BoardLead> {
  const next = new Map(held);
  for (const { lead: name, score, previous, at } of changes) {
    const known = next.get(name);
    if (!known) continue;
    const before = previous === undefined ? known.lead.score?.value : Math.round(previous * 100);
    next.set(name, { lead: { ...known.lead, score }, change: score.value - (before ?? score.value), changedAt: at });
  }
  return next;
}

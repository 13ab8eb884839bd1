/** What happened to a lead: its events, and the scores that it had. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type Score } from "leadline-sdk";
import { LeadHistoryService, type RecordedEvent } from "leadline-sdk/contract/lead_history_service";

import { useClient } from "@/session/session_context";
import { dateOf } from "@/text/formats";

/** So many scores are drawn. */
const MOST_SCORES = 500;
const EVENTS_A_PAGE = 100;

/** A score that the lead came to, and what happened between the one before and it. */
export interface Move {
  readonly score: Score;
  readonly at: Date;
  /** Points of the change; 0 for the first score. */
  readonly points: number;
  /** The latest first. */
  readonly events: readonly RecordedEvent[];
}

/** Gives the events of a lead, the latest first, page by page. */
export function useEvents(name: string) {
  const service = useClient().service(LeadHistoryService);
  return useInfiniteQuery({
    queryKey: ["events", name],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => service.listLeadEvents({ parent: name, pageSize: EVENTS_A_PAGE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

/** Gives the scores that a lead had, the earliest first. */
export function useScores(name: string) {
  const service = useClient().service(LeadHistoryService);
  return useQuery({
    queryKey: ["scores", name],
    queryFn: async ({ signal }) => (await service.listLeadScores({ parent: name, pageSize: MOST_SCORES }, { signal })).scores.reverse(),
  });
}

/** Tells for each score what was recorded since the one before: that is what moved it. */
export function movesOf(scores: readonly Score[], events: readonly RecordedEvent[]): Move[] {
  const recorded = events.flatMap((event) => (event.recordTime ? [{ event, at: dateOf(event.recordTime).getTime() }] : []));
  return scores.flatMap((score, place) => {
    if (!score.computeTime) return [];
    const at = dateOf(score.computeTime);
    const before = scores[place - 1];
    if (!before?.computeTime) return [{ score, at, points: 0, events: [] }];
    const since = dateOf(before.computeTime).getTime();
    const between = recorded.filter((entry) => entry.at > since && entry.at <= at.getTime()).map(({ event }) => event);
    return [{ score, at, points: score.value - before.value, events: between }];
  });
}

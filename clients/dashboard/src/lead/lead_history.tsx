/** Score over time, and the events that moved it. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMemo } from "react";

import { Failure } from "@/common/failure";
import { eventWords } from "@/common/feature_words";
import { Panel } from "@/common/panel";
import { ScoreChangeSign } from "@/common/score_badge";
import { useLanguage, useTexts } from "@/text/language";

import { HistoryChart } from "./history_chart";
import { historyTexts } from "./texts";
import { type Move, movesOf, useEvents, useScores } from "./use_history";

const MOST_MOVES = 6;
const MOST_NAMED = 2;

/** The history of the lead that is named. */
export function LeadHistory({ name }: { readonly name: string }) {
  const { t, formats } = useLanguage();
  const text = useTexts(historyTexts);
  const scores = useScores(name);
  const events = useEvents(name);
  const moves = useMemo(
    () => movesOf(scores.data ?? [], events.data?.pages.flatMap((page) => page.events) ?? []),
    [scores.data, events.data],
  );
  const changes = moves.filter(({ points }) => points !== 0).reverse();
  const latest = moves.at(-1);
  return (
    <Panel title={t("lead.history")}>
      {scores.error && <Failure error={scores.error} retry={() => void scores.refetch()} />}
      {scores.isPending && <Skeleton variant="rounded" height={200} />}
      {scores.data && (!latest || moves.length === 1) && (
        <Typography variant="body2" color="textSecondary">
          {latest ? text("one", { time: formats.moment(latest.at) }) : text("empty")}
        </Typography>
      )}
      {moves.length > 1 && <HistoryChart moves={moves} />}
      {changes.length > 0 && (
        <>
          <Typography variant="h3" sx={{ mt: 2, mb: 0.5 }}>
            {text("moved")}
          </Typography>
          <Box component="ol" aria-label={text("moved")} sx={{ listStyle: "none", m: 0, p: 0 }}>
            {changes.slice(0, MOST_MOVES).map((move) => (
              <MoveRow key={move.score.name} move={move} />
            ))}
          </Box>
        </>
      )}
    </Panel>
  );
}

function MoveRow({ move: { score, at, points, events } }: { readonly move: Move }) {
  const { t, formats } = useLanguage();
  const text = useTexts(historyTexts);
  const kinds = [...new Set(events.map(({ event }) => eventWords(event?.type ?? "", t)))];
  const named = kinds.slice(0, MOST_NAMED).join(", ");
  const count = kinds.length - MOST_NAMED;
  return (
    <Box component="li" sx={{ display: "flex", alignItems: "baseline", gap: 1.5, py: 1, borderTop: 1, borderColor: "divider" }}>
      <Box sx={{ width: 46, flexShrink: 0 }}>
        <ScoreChangeSign points={points} />
      </Box>
      <Typography variant="body2" sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
        {kinds.length === 0 && text("moved.nothing")}
        {kinds.length > 0 && (count > 0 ? text("moved.more", { events: named, count }) : named)}
      </Typography>
      <Typography variant="body2" sx={{ fontWeight: 700 }}>
        {score.value}
      </Typography>
      <Typography variant="caption" color="textSecondary" title={formats.moment(at)} noWrap>
        {formats.ago(at)}
      </Typography>
    </Box>
  );
}

/** Scores that change while one looks. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import NextLink from "next/link";
import { useEffect, useState } from "react";

import { leadHref, nameOf } from "@/common/grade";
import { PulseIcon } from "@/common/icons";
import { Panel } from "@/common/panel";
import { ScoreChangeSign } from "@/common/score_badge";
import { useLiveChanges } from "@/live/live_context";
import { type LiveChange } from "@/live/live_scores";
import { useLanguage } from "@/text/language";

import { type BoardLead } from "./use_leads";

const SHOWN = 8;
const CLOCK_MS = 15_000;

/** The latest changes, the newest first; changes of less than a point are no news. */
export function Moving({ leads }: { readonly leads: ReadonlyMap<string, BoardLead> }) {
  const { t, formats } = useLanguage();
  const [moves, setMoves] = useState<readonly LiveChange[]>([]);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, CLOCK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  useLiveChanges((changes) => {
    const news = changes.filter((change) => pointsOf(change) !== 0).reverse();
    if (news.length === 0) return;
    const names = new Set(news.map(({ lead }) => lead));
    setNow(Date.now());
    setMoves((held) => [...news, ...held.filter(({ lead }) => !names.has(lead))].slice(0, SHOWN));
  });
  return (
    <Panel
      title={t("board.moving")}
      action={<PulseIcon aria-hidden sx={{ color: "primary.main" }} />}
      // Before the leads on a phone, so there only if there is something to see.
      sx={{ display: { xs: moves.length === 0 ? "none" : "block", lg: "block" } }}
    >
      {moves.length === 0 ? (
        <Typography variant="body2" color="textSecondary">
          {t("board.moving.empty")}
        </Typography>
      ) : (
        <Box component="ul" aria-live="off" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 0.25 }}>
          {moves.map((move) => {
            const lead = leads.get(move.lead)?.lead;
            return (
              <Box
                component="li"
                key={`${move.lead} ${String(move.at)}`}
                sx={{
                  "@keyframes arrive": { from: { opacity: 0, transform: "translateY(-6px)" } },
                  animation: "arrive 260ms ease-out",
                }}
              >
                <Box
                  component={NextLink}
                  href={leadHref(move.lead)}
                  prefetch={false}
                  sx={{
                    display: "flex",
                    alignItems: "center",
                    gap: 1,
                    py: 0.75,
                    px: 1,
                    mx: -1,
                    borderRadius: 2,
                    color: "text.primary",
                    textDecoration: "none",
                    "&:hover": { bgcolor: "action.hover" },
                    "&:focus-visible": { outline: 2, outlineColor: "primary.main" },
                  }}
                >
                  <Box sx={{ width: 46, flexShrink: 0 }}>
                    <ScoreChangeSign points={pointsOf(move)} />
                  </Box>
                  <Typography variant="body2" noWrap dir="auto" sx={{ flex: 1, fontWeight: 550 }}>
                    {lead ? nameOf(lead) : move.lead.slice(-12)}
                  </Typography>
                  <Typography variant="body2" sx={{ fontWeight: 700 }}>
                    {move.score.value}
                  </Typography>
                  <Typography variant="caption" color="textSecondary" noWrap sx={{ width: 62, textAlign: "end" }}>
                    {formats.ago(new Date(move.at), Math.max(now, move.at))}
                  </Typography>
                </Box>
              </Box>
            );
          })}
        </Box>
      )}
    </Panel>
  );
}

function pointsOf({ score, previous }: LiveChange): number {
  return previous === undefined ? 0 : score.value - Math.round(previous * 100);
}

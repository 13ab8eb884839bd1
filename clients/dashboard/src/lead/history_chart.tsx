/** The scores of a lead as steps over time, drawn with the page: no chart library is waited for. */
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";

import { useLanguage, useTexts } from "@/text/language";

import { historyTexts } from "./texts";
import { type Move } from "./use_history";

const HEIGHT = 200;
const TICKS = [0, 25, 50, 75, 100];
const AXIS_WIDTH = 30;
/** The drawing's own coordinates: stretched to the place that there is. */
const WIDTH = 1_000;

/** @param moves At least two, the earliest first. */
export function HistoryChart({ moves }: { readonly moves: readonly Move[] }) {
  const { formats } = useLanguage();
  const text = useTexts(historyTexts);
  const { palette } = useTheme();
  const first = moves[0]?.at ?? new Date();
  const last = moves.at(-1)?.at ?? first;
  const span = Math.max(1, last.getTime() - first.getTime());
  const share = (at: Date): number => (at.getTime() - first.getTime()) / span;
  const path = moves
    .map(({ at, score }, place) => `${place === 0 ? "M" : "H"}${share(at) * WIDTH} ${place === 0 ? "" : "V"}${100 - score.value}`)
    .join("");
  const label = text("label", { first: formats.moment(first), last: formats.moment(last), now: moves.at(-1)?.score.value ?? 0 });
  return (
    <Box role="img" aria-label={label}>
      <Box sx={{ position: "relative", ml: `${AXIS_WIDTH}px`, mr: 1 }} style={{ height: HEIGHT }}>
        {TICKS.map((tick) => (
          <Box key={tick} sx={{ position: "absolute", inset: "auto 0 auto 0", height: "1px", bgcolor: "gridline" }} style={{ bottom: `${tick}%` }}>
            <Typography
              variant="caption"
              color="textSecondary"
              sx={{ position: "absolute", left: -AXIS_WIDTH, top: -9, width: AXIS_WIDTH - 8, textAlign: "end", fontSize: "0.7rem" }}
            >
              {tick}
            </Typography>
          </Box>
        ))}
        <Box
          component="svg"
          aria-hidden
          viewBox={`0 0 ${WIDTH} 100`}
          preserveAspectRatio="none"
          sx={{ position: "absolute", inset: 0, width: "100%", height: "100%", overflow: "visible" }}
        >
          <path d={`${path}V100H0Z`} fill={palette.primary.main} fillOpacity={0.1} />
          <path d={path} fill="none" stroke={palette.primary.main} strokeWidth={2} vectorEffect="non-scaling-stroke" />
        </Box>
        {moves.map(({ at, score, points, events }) => (
          <Box
            key={score.name}
            title={text("score.title", { value: score.value, time: formats.moment(at) })}
            sx={{
              position: "absolute",
              width: events.length > 0 ? 11 : 7,
              height: events.length > 0 ? 11 : 7,
              borderRadius: "50%",
              transform: "translate(-50%, 50%)",
              border: 2,
              borderColor: "background.paper",
              bgcolor: events.length === 0 || points === 0 ? "primary.main" : points > 0 ? "raise" : "lower",
            }}
            style={{ left: `${share(at) * 100}%`, bottom: `${score.value}%` }}
          />
        ))}
      </Box>
      <Box sx={{ display: "flex", justifyContent: "space-between", ml: `${AXIS_WIDTH}px`, mt: 1 }}>
        {[first, last].map((time, place) => (
          <Typography key={place} variant="caption" color="textSecondary" sx={{ fontSize: "0.7rem" }}>
            {formats.moment(time)}
          </Typography>
        ))}
      </Box>
    </Box>
  );
}

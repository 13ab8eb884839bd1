/** The waterfall of a score, drawn with boxes: it is there with the page, and stays sharp and selectable. */
import Box from "@mui/material/Box";
import type { Theme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { Fragment } from "react";

import { useFeatureWords } from "@/common/feature_words";
import { useLanguage } from "@/text/language";

import { scaleOf, type WaterfallStep } from "./waterfall";

const COLUMNS = { xs: "minmax(0,96px) minmax(0,1fr) 46px", sm: "minmax(0,176px) minmax(0,1fr) 52px" };
const ROW_HEIGHT = 32;
const BAR_HEIGHT = 20;
/** A reason that hardly counts is seen all the same. */
const NARROWEST_BAR = 3;

interface WaterfallChartProps {
  readonly steps: readonly WaterfallStep[];
  /** What the chart shows, in words. */
  readonly label: string;
}

/** Draws the steps below each other, on one scale of probabilities. */
export function WaterfallChart({ steps, label }: WaterfallChartProps) {
  const { t, formats } = useLanguage();
  const featureWords = useFeatureWords();
  const { lowest, highest, ticks } = scaleOf(steps);
  const place = (probability: number): string => `${(((probability - lowest) / (highest - lowest)) * 100).toFixed(2)}%`;
  const name = ({ kind, attribution, count }: WaterfallStep): string => {
    if (kind === "start") return t("lead.why.start");
    if (kind === "end") return t("lead.why.end");
    return kind === "rest" ? t("lead.why.other", { count }) : featureWords(attribution?.feature ?? "");
  };
  return (
    <Box role="img" aria-label={label} sx={{ display: "grid", gridTemplateColumns: COLUMNS, columnGap: 1.25, alignItems: "center" }}>
      {steps.map((step) => {
        const { kind, from, to, attribution } = step;
        const isEnd = kind === "start" || kind === "end";
        const start = isEnd ? lowest : Math.min(from, to);
        const reached = formats.percent(to);
        const title = isEnd ? reached : [attribution?.reason, `${formats.percent(from, 1)} → ${formats.percent(to, 1)}`].filter(Boolean).join("\n");
        return (
          <Fragment key={attribution?.feature ?? kind}>
            <Typography variant="caption" noWrap dir="auto" title={name(step)} sx={{ fontWeight: isEnd ? 650 : 400 }}>
              {name(step)}
            </Typography>
            <Box title={title} sx={{ position: "relative", height: ROW_HEIGHT }}>
              {ticks.map((tick) => (
                <Box key={tick} sx={{ position: "absolute", inset: "0 auto 0 auto", width: "1px", bgcolor: ({ palette }) => palette.gridline }} style={{ left: place(tick) }} />
              ))}
              <Box
                sx={{
                  position: "absolute",
                  top: (ROW_HEIGHT - BAR_HEIGHT) / 2,
                  height: BAR_HEIGHT,
                  minWidth: NARROWEST_BAR,
                  borderRadius: "5px",
                  bgcolor: (theme) => colourOf(step, theme),
                }}
                style={{ left: place(start), width: `calc(${place(Math.max(from, to))} - ${place(start)})` }}
              />
            </Box>
            <Typography variant="caption" sx={{ textAlign: "end", fontVariantNumeric: "tabular-nums", fontWeight: isEnd ? 650 : 400 }}>
              {reached}
            </Typography>
          </Fragment>
        );
      })}
      <Box sx={{ gridColumn: 2, position: "relative", height: 20 }}>
        {ticks.map((tick) => (
          <Typography
            key={tick}
            variant="caption"
            color="textSecondary"
            sx={{ position: "absolute", transform: "translateX(-50%)", fontSize: "0.7rem" }}
            style={{ left: place(tick) }}
          >
            {formats.percent(tick)}
          </Typography>
        ))}
      </Box>
    </Box>
  );
}

function colourOf({ kind, from, to }: WaterfallStep, { palette }: Theme): string {
  if (kind === "start" || kind === "end") return palette.primary.main;
  return to >= from ? palette.raise : palette.lower;
}

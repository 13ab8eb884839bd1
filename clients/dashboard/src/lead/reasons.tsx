/** Why the lead has its score: a waterfall, and the same in words. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import { type Theme, useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import type { ChartConfiguration } from "chart.js";
import { type Attribution, type Score } from "leadline-sdk";
import dynamic from "next/dynamic";
import { useMemo } from "react";

import { Panel } from "@/common/panel";
import { type Formats } from "@/text/formats";
import { useLanguage } from "@/text/language";
import { type Translate } from "@/text/texts";

import { waterfall, type WaterfallStep } from "./waterfall";

const Chart = dynamic(() => import("@/charts/chart").then((module) => module.Chart), { ssr: false });

const MOST_REASONS = 7;
const BAR_HEIGHT = 34;
const LONGEST_LABEL = 26;

/** The reasons of a score. */
export function Reasons({ score }: { readonly score: Score | undefined }) {
  const { t, formats } = useLanguage();
  const theme = useTheme();
  const steps = useMemo(() => (score ? waterfall(score, MOST_REASONS) : []), [score]);
  const configuration = useMemo(() => configurationOf(steps, theme, t, formats), [steps, theme, t, formats]);
  return (
    <Panel title={t("lead.why")}>
      {!score && <Skeleton variant="rounded" height={280} />}
      {score?.attributions.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {t("lead.why.empty")}
        </Typography>
      )}
      {score && score.attributions.length > 0 && (
        <>
          <Chart configuration={configuration} height={steps.length * BAR_HEIGHT + 40} label={t("lead.why")} />
          <ReasonList attributions={score.attributions.slice(0, MOST_REASONS)} />
        </>
      )}
    </Panel>
  );
}

function ReasonList({ attributions }: { readonly attributions: readonly Attribution[] }) {
  const { t, formats } = useLanguage();
  return (
    <Box component="ol" aria-label={t("lead.why.table")} sx={{ listStyle: "none", m: 0, mt: 2, p: 0, display: "grid" }}>
      {attributions.map(({ feature, reason, observed, logOdds }) => (
        <Box
          component="li"
          key={feature}
          sx={{ display: "flex", gap: 1.5, py: 1, borderTop: 1, borderColor: "divider", alignItems: "baseline" }}
        >
          <Typography
            component="span"
            sx={{
              width: 52,
              flexShrink: 0,
              fontWeight: 700,
              fontSize: "0.875rem",
              color: ({ palette }) => (logOdds >= 0 ? palette.raise : palette.lower),
            }}
          >
            {formats.signed(logOdds, 2)}
          </Typography>
          <Typography variant="body2" dir="auto" sx={{ overflowWrap: "anywhere", minWidth: 0 }}>
            {reason || `${feature}: ${observed}`}
          </Typography>
        </Box>
      ))}
    </Box>
  );
}

function configurationOf(steps: readonly WaterfallStep[], theme: Theme, t: Translate, formats: Formats): ChartConfiguration {
  const label = ({ kind, attribution, count }: WaterfallStep): string => {
    if (kind === "start") return t("lead.why.start");
    if (kind === "end") return t("lead.why.end");
    if (kind === "rest") return t("lead.why.other", { count });
    return shortened(attribution?.feature ?? "");
  };
  const colour = ({ kind, from, to }: WaterfallStep): string => {
    if (kind === "start" || kind === "end") return theme.palette.primary.main;
    return to >= from ? theme.palette.raise : theme.palette.lower;
  };
  const first = steps[0]?.to ?? 0;
  const range = steps.flatMap(({ kind, from, to }) => (kind === "start" || kind === "end" ? [to] : [from, to]));
  const lowest = Math.max(0, Math.min(first, ...range) - 0.08);
  return {
    type: "bar",
    data: {
      labels: steps.map(label),
      datasets: [
        {
          data: steps.map(({ kind, from, to }) => [kind === "start" || kind === "end" ? lowest : from, to]),
          backgroundColor: steps.map(colour),
          borderRadius: 5,
          borderSkipped: false,
          barPercentage: 0.72,
          categoryPercentage: 0.9,
          minBarLength: 3,
        },
      ],
    },
    options: {
      indexAxis: "y",
      animation: { duration: 250 },
      scales: {
        x: { min: lowest, suggestedMax: Math.min(1, Math.max(...range, 0) + 0.06), ticks: { callback: (value) => formats.percent(Number(value)) } },
        y: { grid: { display: false }, ticks: { color: theme.palette.text.primary } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: {
            title: ([item]) => steps[item?.dataIndex ?? 0]?.attribution?.reason ?? item?.label ?? "",
            label: ({ dataIndex }) => {
              const step = steps[dataIndex];
              if (!step) return "";
              if (step.kind === "start" || step.kind === "end") return formats.percent(step.to, 1);
              return `${formats.percent(step.from, 1)} → ${formats.percent(step.to, 1)}`;
            },
          },
        },
      },
    },
  };
}

function shortened(text: string): string {
  return text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text;
}

/** How the score moves while one looks. */
import { useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import type { ChartConfiguration } from "chart.js";
import { type Lead } from "leadline-sdk";
import dynamic from "next/dynamic";
import { useMemo, useState } from "react";

import { Panel } from "@/common/panel";
import { useLiveChanges } from "@/live/live_context";
import { dateOf } from "@/text/formats";
import { useLanguage } from "@/text/language";

const Chart = dynamic(() => import("@/charts/chart").then((module) => module.Chart), { ssr: false });

interface Point {
  readonly at: Date;
  readonly value: number;
}

/** The stored score and those that come while the page is open. */
export function LeadHistory({ lead }: { readonly lead: Lead }) {
  const { t, formats } = useLanguage();
  const { palette } = useTheme();
  const [points, setPoints] = useState<readonly Point[]>(() =>
    lead.score?.computeTime ? [{ at: dateOf(lead.score.computeTime), value: lead.score.value }] : [],
  );
  useLiveChanges((changes) => {
    const change = changes.find((found) => found.lead === lead.name);
    if (change) setPoints((held) => [...held, { at: new Date(change.at), value: change.score.value }]);
  });
  const configuration = useMemo<ChartConfiguration>(
    () => ({
      type: "line",
      data: {
        labels: points.map(({ at }) => formats.moment(at)),
        datasets: [
          { data: points.map(({ value }) => value), borderColor: palette.primary.main, backgroundColor: palette.primary.main, pointRadius: 4 },
        ],
      },
      options: { scales: { y: { min: 0, max: 100 } }, plugins: { legend: { display: false } } },
    }),
    [points, palette, formats],
  );
  return (
    <Panel title={t("lead.history")}>
      {points.length > 1 && <Chart configuration={configuration} height={240} label={t("lead.history")} />}
      <Typography variant="body2" color="textSecondary">
        {t("lead.history.live")}
      </Typography>
    </Panel>
  );
}

/** Whether probabilities are right: of the leads scored 30, about 30 in 100 convert. */
import { useTheme } from "@mui/material/styles";
import type { ChartConfiguration } from "chart.js";
import { type Model } from "leadline-sdk";
import { useMemo } from "react";

import { ChartInSight } from "@/charts/chart_in_sight";
import { Panel } from "@/common/panel";
import { useLanguage } from "@/text/language";

type Evaluation = NonNullable<Model["evaluation"]>;

interface ReliabilityProps {
  readonly evaluation: Evaluation;
  readonly other: Evaluation | undefined;
}

/** The reliability curve, beside that of another model. */
export function Reliability({ evaluation, other }: ReliabilityProps) {
  const { t, formats } = useLanguage();
  const { palette } = useTheme();
  const configuration = useMemo<ChartConfiguration>(() => {
    const curve = ({ reliabilityBins }: Evaluation, label: string, colour: string, width: number) => ({
      label,
      data: reliabilityBins.map(({ meanPredicted, observedRate }) => ({ x: meanPredicted, y: observedRate })),
      borderColor: colour,
      backgroundColor: colour,
      borderWidth: width,
      pointRadius: width + 1.5,
      tension: 0.15,
    });
    return {
      type: "line",
      data: {
        datasets: [
          curve(evaluation, t("models.reliability.observed"), palette.primary.main, 2.5),
          ...(other ? [curve(other, t("models.compare"), palette.grade.B, 1.5)] : []),
          {
            label: t("models.reliability.ideal"),
            data: [
              { x: 0, y: 0 },
              { x: 1, y: 1 },
            ],
            borderColor: palette.text.disabled,
            borderDash: [5, 5],
            borderWidth: 1.25,
            pointRadius: 0,
          },
        ],
      },
      options: {
        parsing: false,
        animation: { duration: 250 },
        scales: {
          x: {
            type: "linear",
            min: 0,
            max: 1,
            title: { display: true, text: t("models.reliability.predicted") },
            ticks: { callback: (value) => formats.percent(Number(value)) },
          },
          y: { min: 0, max: 1, ticks: { callback: (value) => formats.percent(Number(value)) } },
        },
        plugins: { legend: { position: "bottom", labels: { usePointStyle: true, boxHeight: 6 } } },
      },
    };
  }, [evaluation, other, palette, t, formats]);
  return (
    <Panel title={t("models.reliability")}>
      <ChartInSight configuration={configuration} height={300} label={t("models.reliability")} />
    </Panel>
  );
}

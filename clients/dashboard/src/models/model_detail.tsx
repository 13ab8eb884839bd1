/** One model: how good it is, beside another one, and what can be done with it. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Typography from "@mui/material/Typography";
import { type Model, ModelState } from "leadline-sdk";
import { type ReactNode, useState } from "react";

import { Choice } from "@/common/fields";
import { Panel } from "@/common/panel";
import { GradeBadge } from "@/common/score_badge";
import { GRADES } from "@/common/grade";
import { useLanguage } from "@/text/language";
import { type TextKey } from "@/text/texts";

import { Importances } from "./importances";
import { ModelActions } from "./model_actions";
import { ModelPlots } from "./model_plots";
import { Reliability } from "./reliability";

const ALGORITHMS: Readonly<Record<number, TextKey>> = { 1: "models.algorithm.1", 2: "models.algorithm.2" };

interface ModelDetailProps {
  readonly model: Model;
  readonly models: readonly Model[];
}

/** Everything of a model on one page. */
export function ModelDetail({ model, models }: ModelDetailProps) {
  const { t, formats } = useLanguage();
  const others = models.filter(({ name }) => name !== model.name);
  const [otherName, setOtherName] = useState(
    () => others.find(({ state }) => state === ModelState.CHAMPION)?.name ?? others[0]?.name ?? "",
  );
  const other = others.find(({ name }) => name === otherName);
  const evaluation = model.evaluation;
  const algorithm = ALGORITHMS[model.algorithm] ?? "models.algorithm.unknown";
  return (
    <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 }, minWidth: 0 }}>
      <Panel title={t("models.version", { version: String(model.version) })} action={<ModelActions model={model} models={models} />}>
        <Typography variant="body2" color="textSecondary">
          {t(algorithm)}.{" "}
          {evaluation &&
            t("models.trainedOn", {
              training: formats.count(evaluation.trainingCount),
              holdout: formats.count(evaluation.holdoutCount),
            })}
        </Typography>
        <Figures model={model} other={other} />
        {others.length > 0 && (
          <Choice
            label={t("models.compare")}
            value={other ? otherName : ""}
            sx={{ mt: 2, minWidth: 200 }}
            choices={[
              ["", t("models.compare.none")],
              ...others.map(({ name, version }) => [name, t("models.version", { version: String(version) })] as const),
            ]}
            change={setOtherName}
          />
        )}
        {model.promotionGate && (
          <Box sx={{ display: "flex", gap: 1.5, alignItems: "baseline", mt: 2 }}>
            <Chip
              size="small"
              variant="outlined"
              color={model.promotionGate.passed ? "success" : "warning"}
              label={`${t("models.gate")}: ${t(model.promotionGate.passed ? "models.gate.passed" : "models.gate.failed")}`}
            />
            <Typography variant="body2" color="textSecondary">
              {model.promotionGate.reason}
            </Typography>
          </Box>
        )}
      </Panel>
      <Columns>
        {evaluation && evaluation.reliabilityBins.length > 0 && <Reliability evaluation={evaluation} other={other?.evaluation} />}
        <Importances importances={model.featureImportances} />
      </Columns>
      <Columns>
        <Bands model={model} />
        <Excluded model={model} />
      </Columns>
      <ModelPlots name={model.name} />
    </Box>
  );
}

function Columns({ children }: { readonly children: ReactNode }) {
  return (
    <Box
      sx={{
        display: "grid",
        gap: { xs: 2, md: 2.5 },
        alignItems: "start",
        gridTemplateColumns: { xs: "minmax(0,1fr)", md: "repeat(2, minmax(0,1fr))" },
      }}
    >
      {children}
    </Box>
  );
}

const FIGURES = [
  { key: "auc", of: "auc", isHigherBetter: true },
  { key: "brier", of: "brierScore", isHigherBetter: false },
  { key: "logLoss", of: "logLoss", isHigherBetter: false },
  { key: "calibration", of: "calibrationError", isHigherBetter: false },
] as const;

function Figures({ model, other }: { readonly model: Model; readonly other: Model | undefined }) {
  const { t, formats } = useLanguage();
  return (
    <Box component="dl" sx={{ m: 0, mt: 2, display: "grid", gap: 1.5, gridTemplateColumns: { xs: "repeat(2, 1fr)", sm: "repeat(4, 1fr)" } }}>
      {FIGURES.map(({ key, of, isHigherBetter }) => {
        const value = model.evaluation?.[of] ?? 0;
        const difference = other?.evaluation && value - other.evaluation[of];
        const isBetter = difference !== undefined && (difference > 0) === isHigherBetter;
        return (
          <Box key={key} sx={{ p: 1.75, borderRadius: 3, bgcolor: "action.hover" }}>
            <Typography component="dt" variant="caption" color="textSecondary">
              {t(`models.${key}`)}
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontSize: "1.4rem", fontWeight: 700, letterSpacing: "-0.02em" }}>
              {formats.decimal(value, 3)}
            </Typography>
            {difference !== undefined && Math.abs(difference) >= 0.0005 && (
              <Typography
                component="dd"
                variant="caption"
                sx={{ m: 0, fontWeight: 650, color: ({ palette }) => (isBetter ? palette.raise : palette.lower) }}
              >
                {formats.signed(difference, 3)}
              </Typography>
            )}
            <Typography component="dd" variant="caption" color="textSecondary" sx={{ m: 0 }}>
              {t(`models.${key}.help`)}
            </Typography>
          </Box>
        );
      })}
    </Box>
  );
}

function Bands({ model }: { readonly model: Model }) {
  const { t, formats } = useLanguage();
  return (
    <Panel title={t("models.bands")}>
      {model.gradeBands.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {t("models.bands.empty")}
        </Typography>
      )}
      {model.gradeBands.map((band) => (
        <Box key={band.grade} sx={{ display: "flex", alignItems: "center", gap: 1.5, py: 1, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
          <GradeBadge grade={GRADES.find((grade) => grade === band.grade) ?? "none"} />
          <Typography variant="body2" color="textSecondary" sx={{ width: 70 }}>
            {t("models.bands.from", { score: formats.decimal(band.lowestProbability * 100, 0) })}
          </Typography>
          <Typography variant="body2" sx={{ fontWeight: 650, flex: 1 }}>
            {t("board.grade.convert", { rate: formats.percent(band.conversionRate) })}
          </Typography>
          <Typography variant="caption" color="textSecondary">
            {formats.percent(band.conversionRateLow)} – {formats.percent(band.conversionRateHigh)}
          </Typography>
        </Box>
      ))}
    </Panel>
  );
}

function Excluded({ model }: { readonly model: Model }) {
  const { t } = useLanguage();
  if (model.excludedFields.length === 0) return null;
  return (
    <Panel title={t("models.excluded")}>
      {model.excludedFields.map(({ field, reason }) => (
        <Box key={field} sx={{ py: 1, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
          <Typography variant="body2" dir="auto" sx={{ fontWeight: 650, overflowWrap: "anywhere" }}>
            {field}
          </Typography>
          <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: "anywhere" }}>
            {reason}
          </Typography>
        </Box>
      ))}
    </Panel>
  );
}

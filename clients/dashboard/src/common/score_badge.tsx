/** A score as people look at it. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { type Score } from "leadline-sdk";
import { memo } from "react";

import { useLanguage } from "@/text/language";

import { DownIcon, UpIcon } from "./icons";
import { gradeOf, type GradeLetter } from "./grade";

/** The letter of a grade on its colour. */
export const GradeBadge = memo(function GradeBadge({ grade, size = 28 }: { readonly grade: GradeLetter; readonly size?: number }) {
  const { t } = useLanguage();
  return (
    <Box
      role="img"
      aria-label={grade === "none" ? t("board.grade.none") : t("board.grade", { grade })}
      sx={(theme) => ({
        width: size,
        height: size,
        flexShrink: 0,
        display: "grid",
        placeItems: "center",
        borderRadius: `${String(size * 0.3)}px`,
        fontWeight: 750,
        fontSize: size * 0.5,
        color: theme.palette.grade[grade],
        bgcolor: `color-mix(in srgb, ${theme.palette.grade[grade]} 14%, transparent)`,
      })}
    >
      {grade === "none" ? "–" : grade}
    </Box>
  );
});

/** A score with a bar that shows its interval, too. */
export const ScoreBar = memo(function ScoreBar({ score }: { readonly score: Score | undefined }) {
  const { t, formats } = useLanguage();
  if (!score) {
    return (
      <Typography variant="caption" color="textSecondary">
        {t("board.unscored")}
      </Typography>
    );
  }
  const grade = gradeOf(score);
  const hasInterval = score.probabilityHigh > score.probabilityLow;
  const share = (value: number): string => `${(value * 100).toFixed(1)}%`;
  const interval = { low: formats.percent(score.probabilityLow), high: formats.percent(score.probabilityHigh) };
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, minWidth: 0 }} title={hasInterval ? t("lead.interval", interval) : undefined}>
      <Typography
        aria-label={t("board.score.label", { value: score.value })}
        component="span"
        role="img"
        sx={{ width: 30, textAlign: "end", fontWeight: 700, fontSize: "1.02rem", fontVariantNumeric: "tabular-nums" }}
      >
        {score.value}
      </Typography>
      <Box aria-hidden sx={{ position: "relative", flex: 1, height: 6, borderRadius: 3, bgcolor: "action.hover", minWidth: 40 }}>
        {hasInterval && (
          <Box
            sx={{ position: "absolute", inset: "0 auto", height: 6, borderRadius: 3, opacity: 0.28, bgcolor: (theme) => theme.palette.grade[grade] }}
            style={{ left: share(score.probabilityLow), width: share(score.probabilityHigh - score.probabilityLow) }}
          />
        )}
        <Box
          sx={{ position: "absolute", top: -2, width: 10, height: 10, ml: "-5px", borderRadius: "50%", bgcolor: (theme) => theme.palette.grade[grade] }}
          style={{ left: share(score.probability) }}
        />
      </Box>
    </Box>
  );
});

/** How many points a score went up or down; nothing where it stayed. */
export function ScoreChangeSign({ points }: { readonly points: number }) {
  const { formats } = useLanguage();
  if (points === 0) return null;
  const Icon = points > 0 ? UpIcon : DownIcon;
  return (
    <Box
      component="span"
      sx={{
        display: "inline-flex",
        alignItems: "center",
        gap: 0.25,
        fontWeight: 700,
        fontSize: "0.84rem",
        fontVariantNumeric: "tabular-nums",
        color: (theme) => (points > 0 ? theme.palette.raise : theme.palette.lower),
      }}
    >
      <Icon aria-hidden sx={{ fontSize: 15 }} />
      {formats.signed(points)}
    </Box>
  );
}

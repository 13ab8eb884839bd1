/** The score as a dial, with the interval around it. */
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { type Score } from "leadline-sdk";

import { gradeOf } from "@/common/grade";
import { useLanguage } from "@/text/language";

const SIZE = 116;
const RADIUS = 48;
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;
/** The dial is three quarters of a circle, open below. */
const SWEEP = 0.75;

/** A number in an arc that is as long as the probability. */
export function ScoreDial({ score }: { readonly score: Score | undefined }) {
  const { t } = useLanguage();
  const theme = useTheme();
  const colour = theme.palette.grade[gradeOf(score)];
  const arc = (from: number, to: number, stroke: string, opacity: number) => (
    <circle
      cx={SIZE / 2}
      cy={SIZE / 2}
      r={RADIUS}
      fill="none"
      stroke={stroke}
      strokeOpacity={opacity}
      strokeWidth={10}
      strokeLinecap="round"
      strokeDasharray={`${(to - from) * SWEEP * CIRCUMFERENCE} ${CIRCUMFERENCE}`}
      strokeDashoffset={-from * SWEEP * CIRCUMFERENCE}
    />
  );
  const reached = score?.override ? score.value / 100 : (score?.probability ?? 0);
  const label = score ? t("board.score.label", { value: score.value }) : t("board.unscored");
  return (
    <Box role="img" aria-label={label} sx={{ position: "relative", width: SIZE, height: SIZE - 10, flexShrink: 0 }}>
      <svg width={SIZE} height={SIZE} viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden>
        <g transform={`rotate(135 ${SIZE / 2} ${SIZE / 2})`}>
          {arc(0, 1, theme.palette.text.primary, 0.08)}
          {score && !score.override && score.probabilityHigh > score.probabilityLow && arc(score.probabilityLow, score.probabilityHigh, colour, 0.25)}
          {score && arc(0, Math.max(0.005, reached), colour, 1)}
        </g>
      </svg>
      <Box aria-hidden sx={{ position: "absolute", inset: 0, display: "grid", placeContent: "center", textAlign: "center" }}>
        <Typography sx={{ fontSize: "2.1rem", fontWeight: 750, letterSpacing: "-0.03em", lineHeight: 1 }}>
          {score?.value ?? "–"}
        </Typography>
        <Typography variant="caption" color="textSecondary">
          {t("lead.score")}
        </Typography>
      </Box>
    </Box>
  );
}

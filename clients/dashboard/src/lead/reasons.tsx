/** Why the lead has its score: a waterfall, and the same in words. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { type Attribution, type Score } from "leadline-sdk";
import { useMemo } from "react";

import { useFeatureWords } from "@/common/feature_words";
import { Panel } from "@/common/panel";
import { useLanguage } from "@/text/language";

import { waterfall } from "./waterfall";
import { WaterfallChart } from "./waterfall_chart";

const MOST_REASONS = 7;

/** The reasons of a score. */
export function Reasons({ score }: { readonly score: Score | undefined }) {
  const { t } = useLanguage();
  const steps = useMemo(() => (score ? waterfall(score, MOST_REASONS) : []), [score]);
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
          <WaterfallChart steps={steps} label={t("lead.why")} />
          <ReasonList attributions={score.attributions.slice(0, MOST_REASONS)} />
        </>
      )}
    </Panel>
  );
}

function ReasonList({ attributions }: { readonly attributions: readonly Attribution[] }) {
  const { t, formats } = useLanguage();
  const featureWords = useFeatureWords();
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
            {reason || `${featureWords(feature)}: ${observed}`}
          </Typography>
        </Box>
      ))}
    </Box>
  );
}

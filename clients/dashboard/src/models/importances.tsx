/** What moves scores most. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { type Model } from "leadline-sdk";

import { useFeatureWords } from "@/common/feature_words";
import { Panel } from "@/common/panel";
import { useLanguage } from "@/text/language";

const SHOWN = 10;

/** The strongest features with bars. */
export function Importances({ importances }: { readonly importances: Model["featureImportances"] }) {
  const { t, formats } = useLanguage();
  const featureWords = useFeatureWords();
  const most = importances[0]?.meanAbsoluteLogOdds ?? 1;
  return (
    <Panel title={t("models.importances")}>
      <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1.25 }}>
        {importances.slice(0, SHOWN).map(({ feature, meanAbsoluteLogOdds }) => (
          <Box component="li" key={feature}>
            <Box sx={{ display: "flex", gap: 1 }}>
              <Typography variant="body2" dir="auto" noWrap sx={{ flex: 1 }}>
                {featureWords(feature)}
              </Typography>
              <Typography variant="caption" color="textSecondary">
                {formats.decimal(meanAbsoluteLogOdds, 2)}
              </Typography>
            </Box>
            <Box aria-hidden sx={{ height: 6, borderRadius: 3, bgcolor: "action.hover", mt: 0.25 }}>
              <Box
                sx={{ height: "100%", borderRadius: 3, bgcolor: "primary.main" }}
                style={{ width: `${(100 * meanAbsoluteLogOdds) / most}%` }}
              />
            </Box>
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

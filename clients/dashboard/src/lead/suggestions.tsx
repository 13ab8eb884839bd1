/** What would raise the score. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { FailedPrecondition } from "leadline-sdk";

import { useFeatureWords } from "@/common/feature_words";
import { Failure } from "@/common/failure";
import { gradeOf } from "@/common/grade";
import { SparkIcon } from "@/common/icons";
import { Panel } from "@/common/panel";
import { GradeBadge } from "@/common/score_badge";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

/** The smallest changes that lead to a better grade, each verified. */
export function Suggestions({ name }: { readonly name: string }) {
  const { t } = useLanguage();
  const featureWords = useFeatureWords();
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["suggestions", name],
    queryFn: ({ signal }) => client.suggestChanges(name, [], { signal }),
  });
  const isWithoutModel = error instanceof FailedPrecondition && error.reason === "NO_MODEL";
  return (
    <Panel title={t("lead.raise")} action={<SparkIcon aria-hidden sx={{ color: "primary.main" }} />}>
      {!data && !error && <Skeleton variant="rounded" height={96} />}
      {error && !isWithoutModel && <Failure error={error} retry={() => void refetch()} />}
      {(isWithoutModel || data?.suggestions.length === 0) && (
        <Typography variant="body2" color="textSecondary">
          {t(isWithoutModel ? "lead.raise.noModel" : "lead.raise.empty")}
        </Typography>
      )}
      {data && data.suggestions.length > 0 && (
        <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1 }}>
          {data.suggestions.map(({ changes, score }) => (
            <Box
              component="li"
              key={changes.map(({ field, proposed }) => `${field}=${proposed}`).join()}
              sx={{ display: "flex", alignItems: "center", gap: 1.5, p: 1.5, borderRadius: 3, bgcolor: "action.hover" }}
            >
              <Box sx={{ flex: 1, minWidth: 0 }}>
                {changes.map(({ field, observed, proposed }) => (
                  <Typography key={field} variant="body2" dir="auto" sx={{ overflowWrap: "anywhere" }}>
                    {t("lead.raise.text", { field: featureWords(field), from: observed || t("lead.raise.nothing"), to: proposed })}
                  </Typography>
                ))}
              </Box>
              {score && (
                <Box sx={{ display: "flex", alignItems: "center", gap: 1, flexShrink: 0 }}>
                  <Typography sx={{ fontWeight: 700 }}>{t("lead.raise.then", { value: score.value })}</Typography>
                  <GradeBadge grade={gradeOf(score)} />
                </Box>
              )}
            </Box>
          ))}
        </Box>
      )}
    </Panel>
  );
}

/** How far an import is, or what came of it. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import NextLink from "next/link";

import { Failure } from "@/common/failure";
import { Panel } from "@/common/panel";
import { useLanguage } from "@/text/language";

import { type Import, MOST_REFUSALS, type Outcome } from "./use_import";

interface ImportOutcomeProps {
  readonly importing: Import;
  readonly rowCount: number;
}

/** Shows nothing before the import begins. */
export function ImportOutcome({ importing, rowCount }: ImportOutcomeProps) {
  const { t, formats } = useLanguage();
  const { state, outcome, error, cancel } = importing;
  const done = outcome ? outcome.createdCount + outcome.replacedCount + outcome.duplicateCount + outcome.refusedCount : 0;
  const progress = t("import.running", { done: formats.count(done), count: formats.count(rowCount) });
  return (
    <>
      {state === "running" && (
        <Alert
          severity="info"
          icon={false}
          action={
            <Button color="inherit" size="small" onClick={cancel}>
              {t("common.cancel")}
            </Button>
          }
          sx={{ "& .MuiAlert-message": { flex: 1 } }}
        >
          <Typography variant="body2" role="status" sx={{ mb: 1 }}>
            {progress}
          </Typography>
          <LinearProgress variant="determinate" value={(done / rowCount) * 100} aria-label={progress} sx={{ height: 6, borderRadius: 3 }} />
        </Alert>
      )}
      {state === "cancelled" && <Alert severity="warning">{t("import.cancelled")}</Alert>}
      {state === "failed" && <Failure error={error} />}
      {state === "done" && outcome && <Done outcome={outcome} />}
      {outcome && outcome.refusedCount > 0 && <Refused outcome={outcome} />}
    </>
  );
}

function Done({ outcome }: { readonly outcome: Outcome }) {
  const { t } = useLanguage();
  const { createdCount, replacedCount, duplicateCount } = outcome;
  const sentences = [
    t("import.done", { count: createdCount + replacedCount }),
    replacedCount > 0 && t("import.done.replaced", { count: replacedCount }),
    duplicateCount > 0 && t("import.done.duplicates", { count: duplicateCount }),
  ];
  return (
    <Alert severity={createdCount + replacedCount + duplicateCount > 0 ? "success" : "warning"} role="status">
      {sentences.filter(Boolean).join(" ")}
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, mt: 1 }}>
        <Button component={NextLink} prefetch={false} href="/" size="small" variant="contained">
          {t("import.toBoard")}
        </Button>
        <Button component={NextLink} prefetch={false} href="/models/" size="small" variant="outlined">
          {t("import.toModels")}
        </Button>
      </Box>
    </Alert>
  );
}

function Refused({ outcome: { refusals, refusedCount } }: { readonly outcome: Outcome }) {
  const { t, formats } = useLanguage();
  return (
    <Panel title={t("import.refused", { count: refusedCount })}>
      <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, maxHeight: 320, overflowY: "auto" }} tabIndex={0}>
        {refusals.map(({ line, reason }) => (
          <Box component="li" key={line} sx={{ display: "flex", gap: 2, py: 0.75, borderTop: 1, borderColor: "divider" }}>
            <Typography variant="body2" sx={{ fontWeight: 600, flexShrink: 0 }}>
              {t("import.refused.line", { line: formats.count(line) })}
            </Typography>
            <Typography variant="body2" dir="auto" sx={{ overflowWrap: "anywhere", minWidth: 0 }}>
              {reason}
            </Typography>
          </Box>
        ))}
      </Box>
      {refusedCount > MOST_REFUSALS && (
        <Typography variant="caption" color="textSecondary">
          {t("import.refused.more", { count: formats.count(MOST_REFUSALS) })}
        </Typography>
      )}
    </Panel>
  );
}

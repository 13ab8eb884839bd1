/** What a workflow would have done, before it is stored. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import NextLink from "next/link";
import { useState } from "react";

import { useErrorText } from "@/common/error_text";
import { Choice } from "@/common/fields";
import { leadHref } from "@/common/grade";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { type Draft, workflowOf } from "./draft";
import { workflowTexts } from "./texts";
import { useWorkflowService } from "./use_workflows";

const SECONDS_A_DAY = 86_400;
const DAYS = ["1", "7", "30", "90"] as const;
const SHOWN = 5;

/** Asks what would have happened, and tells it in a sentence with the latest crossings. */
export function DryRun({ draft }: { readonly draft: Draft }) {
  const { formats } = useLanguage();
  const text = useTexts(workflowTexts);
  const errorText = useErrorText();
  const service = useWorkflowService();
  const [days, setDays] = useState<string>("7");
  const run = useMutation({
    mutationFn: async (looked: string) => {
      // What has no name yet can be tried all the same.
      const workflow = { ...workflowOf(draft), displayName: draft.displayName.trim() || text("editor.new") };
      const found = await service.dryRunWorkflow({ workflow, lookback: { seconds: BigInt(Number(looked) * SECONDS_A_DAY) } }, { timeoutMs: 30_000 });
      return { found, days: looked };
    },
  });
  const { found } = run.data ?? {};
  const looked = { days: run.data?.days ?? "" };
  return (
    <Box sx={{ display: "grid", gap: 1.5, gridTemplateColumns: "minmax(0,1fr)" }}>
      <Box sx={{ display: "flex", gap: 1.5, alignItems: "center" }}>
        <Choice label={text("try.days")} value={days} choices={DAYS.map((choice) => [choice, choice])} change={setDays} sx={{ minWidth: 150 }} />
        <Button
          variant="outlined"
          loading={run.isPending}
          onClick={() => {
            run.mutate(days);
          }}
        >
          {text("try")}
        </Button>
      </Box>
      {run.error && <Alert severity="error">{errorText(run.error)}</Alert>}
      {found && (
        <Alert severity="info" role="status">
          {found.crossingCount === 0n
            ? text("try.nothing", { ...looked, count: Number(found.scoreCount) })
            : text("try.found", { ...looked, count: Number(found.crossingCount) })}{" "}
          {found.coolingDownCount > 0n && text("try.cooling", { count: Number(found.coolingDownCount) })}
          <Box component="ul" sx={{ listStyle: "none", m: 0, mt: 1, p: 0 }}>
            {found.crossings.slice(0, SHOWN).map(({ lead, reason, crossTime }) => (
              <Typography component="li" variant="body2" key={`${lead} ${String(crossTime?.seconds)}.${String(crossTime?.nanos)}`}>
                <Link component={NextLink} href={leadHref(lead)} prefetch={false} target="_blank" rel="noopener">
                  {text("run.lead")}
                </Link>{" "}
                {reason} {crossTime && `(${formats.ago(dateOf(crossTime))})`}
              </Typography>
            ))}
          </Box>
        </Alert>
      )}
    </Box>
  );
}

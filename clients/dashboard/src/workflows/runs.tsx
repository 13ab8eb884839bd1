/** What workflows did, and why. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { type Workflow, type WorkflowRun, WorkflowRunState } from "leadline-sdk/contract/workflow";
import NextLink from "next/link";
import { usePathname, useRouter } from "next/navigation";

import { Failure } from "@/common/failure";
import { leadHref } from "@/common/grade";
import { Panel } from "@/common/panel";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { workflowTexts } from "./texts";
import { useRuns } from "./use_workflows";

const COLOURS = {
  [WorkflowRunState.DONE]: "success",
  [WorkflowRunState.PARTLY_DONE]: "warning",
  [WorkflowRunState.COOLING_DOWN]: "default",
  [WorkflowRunState.STOPPED]: "error",
} as const;

interface RunsProps {
  readonly workflows: readonly Workflow[];
  /** The one whose runs are shown alone; undefined for all. */
  readonly shown: Workflow | undefined;
}

/** The runs, the newest first. */
export function Runs({ workflows, shown }: RunsProps) {
  const text = useTexts(workflowTexts);
  const router = useRouter();
  const path = usePathname();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useRuns(shown?.name ?? "");
  const runs = data?.pages.flatMap((page) => page.workflowRuns) ?? [];
  const all = shown && (
    <Button
      size="small"
      onClick={() => {
        router.replace(path, { scroll: false });
      }}
    >
      {text("runs.all")}
    </Button>
  );
  return (
    <Panel title={shown ? text("runs.of", { name: shown.displayName }) : text("runs")} action={all}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <Skeleton variant="rounded" height={120} />}
      {data && runs.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {text("runs.empty")}
        </Typography>
      )}
      <Box component="ol" aria-label={text("runs")} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {runs.map((run) => (
          <RunRow key={run.name} run={run} workflow={workflows.find(({ name }) => name === run.workflow)} />
        ))}
      </Box>
      {hasNextPage && (
        <Button size="small" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {text("runs.more")}
        </Button>
      )}
    </Panel>
  );
}

function RunRow({ run, workflow }: { readonly run: WorkflowRun; readonly workflow: Workflow | undefined }) {
  const { formats } = useLanguage();
  const text = useTexts(workflowTexts);
  const { state, reason, lead, createTime, actionResults } = run;
  return (
    <Box component="li" sx={{ py: 1.25, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
        <Typography variant="body2" dir="auto" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
          {workflow?.displayName}
        </Typography>
        {state in COLOURS && <Chip size="small" variant="outlined" color={COLOURS[state as 1]} label={text(`run.${state as 1 | 2 | 3 | 4}`)} />}
        <Link component={NextLink} href={leadHref(lead)} prefetch={false} variant="body2">
          {text("run.lead")}
        </Link>
        <Typography variant="caption" color="textSecondary" sx={{ ml: "auto" }}>
          {createTime && formats.ago(dateOf(createTime))}
        </Typography>
      </Box>
      <Typography variant="body2">{reason}</Typography>
      {actionResults.map(({ action, detail, done }, place) => (
        <Typography key={place} variant="caption" component="div" color={done ? "textSecondary" : "error"} dir="auto" sx={{ overflowWrap: "anywhere" }}>
          {done ? "✓" : "✗"} {detail || action}
        </Typography>
      ))}
    </Box>
  );
}

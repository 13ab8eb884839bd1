/** The workflows, each as a sentence with what can be done with it. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import Switch from "@mui/material/Switch";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Workflow } from "leadline-sdk/contract/workflow";
import { usePathname, useRouter } from "next/navigation";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { useNotice } from "@/common/notice";
import { useTexts } from "@/text/language";

import { useSentences } from "./sentences";
import { workflowTexts } from "./texts";
import { useWorkflowService } from "./use_workflows";

interface WorkflowListProps {
  readonly workflows: readonly Workflow[];
  readonly edit: (workflow: Workflow) => void;
}

/** One card for each workflow. */
export function WorkflowList({ workflows, edit }: WorkflowListProps) {
  const text = useTexts(workflowTexts);
  const service = useWorkflowService();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const [doomed, setDoomed] = useState<Workflow>();
  const remove = useMutation({
    mutationFn: async (workflow: Workflow) => service.deleteWorkflow({ name: workflow.name }),
    onSuccess: (_, { displayName }) => {
      tell(text("delete.done", { name: displayName }));
    },
    onError: tellError,
    onSettled: () => {
      setDoomed(undefined);
      void queries.invalidateQueries({ queryKey: ["workflows"] });
    },
  });
  return (
    <Box component="ul" aria-label={text("title")} sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1.5, gridTemplateColumns: "minmax(0,1fr)" }}>
      {workflows.map((workflow) => (
        <WorkflowCard
          key={workflow.name}
          workflow={workflow}
          edit={() => {
            edit(workflow);
          }}
          remove={() => {
            setDoomed(workflow);
          }}
        />
      ))}
      <Ask
        isOpen={doomed !== undefined}
        title={text("delete.title", { name: doomed?.displayName ?? "" })}
        text={text("delete.text")}
        action={text("delete")}
        isBusy={remove.isPending}
        cancel={() => {
          setDoomed(undefined);
        }}
        confirm={() => {
          if (doomed) remove.mutate(doomed);
        }}
      />
    </Box>
  );
}

interface WorkflowCardProps {
  readonly workflow: Workflow;
  readonly edit: () => void;
  readonly remove: () => void;
}

function WorkflowCard({ workflow, edit, remove }: WorkflowCardProps) {
  const text = useTexts(workflowTexts);
  const sentences = useSentences();
  const service = useWorkflowService();
  const queries = useQueryClient();
  const { tellError } = useNotice();
  const router = useRouter();
  const path = usePathname();
  const { name, displayName, enabled } = workflow;
  const toggle = useMutation({
    mutationFn: (wanted: boolean) => (wanted ? service.enableWorkflow({ name }) : service.disableWorkflow({ name })),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ["workflows"] }),
  });
  return (
    <Card component="li" sx={{ p: { xs: 2, sm: 2.5 }, display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 2, rowGap: 1 }}>
      <Switch
        checked={toggle.isPending ? toggle.variables : enabled}
        slotProps={{ input: { "aria-label": text("enabled", { name: displayName }) } }}
        onChange={(event) => {
          toggle.mutate(event.target.checked);
        }}
      />
      <Box sx={{ flex: "1 1 220px", minWidth: 0 }}>
        <Typography variant="h2" dir="auto" sx={{ overflowWrap: "anywhere" }}>
          {displayName}
        </Typography>
        <Typography variant="body2" color="textSecondary" dir="auto" sx={{ overflowWrap: "anywhere" }}>
          {text("when", { trigger: sentences.trigger(workflow) })}, {text("then", { actions: sentences.actions(workflow) })}
        </Typography>
      </Box>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.5 }}>
        <Button
          size="small"
          onClick={() => {
            router.replace(`${path}?id=${name.slice("workflows/".length)}`, { scroll: false });
          }}
        >
          {text("show")}
        </Button>
        <Button size="small" onClick={edit}>
          {text("edit")}
        </Button>
        <Button size="small" color="error" onClick={remove}>
          {text("delete")}
        </Button>
      </Box>
    </Card>
  );
}

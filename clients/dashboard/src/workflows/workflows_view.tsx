/** The workflows: each in a sentence, written and tried in a dialog, and what they did. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import { useSearchParams } from "next/navigation";
import { useState } from "react";

import { EmptyState } from "@/common/empty_state";
import { Failure } from "@/common/failure";
import { PlusIcon, WorkflowIcon } from "@/common/icons";
import { PageHeading } from "@/common/page_heading";
import { PageSkeleton } from "@/common/page_skeleton";
import { useTexts } from "@/text/language";

import { draftOf, newDraft } from "./draft";
import { Runs } from "./runs";
import { workflowTexts } from "./texts";
import { useWorkflows } from "./use_workflows";
import { WorkflowEditor, type WorkflowEditorProps } from "./workflow_editor";
import { WorkflowList } from "./workflow_list";

/** The page with all workflows. */
export function WorkflowsView() {
  const text = useTexts(workflowTexts);
  const { data: workflows, error, refetch } = useWorkflows();
  const [edited, setEdited] = useState<Pick<WorkflowEditorProps, "stored" | "begin">>();
  const shown = useSearchParams().get("id");
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!workflows) return <PageSkeleton />;
  const create = (
    <Button
      variant="contained"
      startIcon={<PlusIcon />}
      onClick={() => {
        setEdited({ stored: undefined, begin: newDraft() });
      }}
    >
      {text("new")}
    </Button>
  );
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <PageHeading title={text("title")} subtitle={text("subtitle")} action={workflows.length > 0 && create} />
      {workflows.length === 0 ? (
        <Card>
          <EmptyState icon={<WorkflowIcon />} title={text("empty.title")} text={text("empty.text")} action={create} />
        </Card>
      ) : (
        <>
          <WorkflowList
            workflows={workflows}
            edit={(workflow) => {
              setEdited({ stored: workflow, begin: draftOf(workflow) });
            }}
          />
          <Runs workflows={workflows} shown={workflows.find(({ name }) => name === `workflows/${shown ?? ""}`)} />
        </>
      )}
      {edited && (
        <WorkflowEditor
          key={edited.stored?.name ?? "new"}
          {...edited}
          close={() => {
            setEdited(undefined);
          }}
        />
      )}
    </Box>
  );
}

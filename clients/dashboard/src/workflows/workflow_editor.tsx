/** A workflow while it is written: what sets it off, what it does, and what it would have done. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControlLabel from "@mui/material/FormControlLabel";
import Typography from "@mui/material/Typography";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Workflow } from "leadline-sdk/contract/workflow";
import { type SyntheticEvent, useId, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { TextInput } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { useLanguage, useTexts } from "@/text/language";

import { ActionFields } from "./action_fields";
import { type Draft, newAction, workflowOf } from "./draft";
import { DryRun } from "./dry_run";
import { workflowTexts } from "./texts";
import { TriggerFields } from "./trigger_fields";
import { useWorkflowService } from "./use_workflows";

const MOST_ACTIONS = 10;
const MASK = { paths: ["display_name", "trigger", "actions", "cool_down"] };

/** What an editor is given. */
export interface WorkflowEditorProps {
  /** The workflow that is changed; undefined for a new one. */
  readonly stored: Workflow | undefined;
  readonly begin: Draft;
  readonly close: () => void;
}

/** A dialog, which fills a phone. */
export function WorkflowEditor({ stored, begin, close }: WorkflowEditorProps) {
  const { t } = useLanguage();
  const text = useTexts(workflowTexts);
  const errorText = useErrorText();
  const service = useWorkflowService();
  const queries = useQueryClient();
  const { tell } = useNotice();
  const isNarrow = useMediaQuery((theme) => theme.breakpoints.down("sm"), { noSsr: true });
  const id = useId();
  const [draft, setDraft] = useState(begin);
  const [isEnabled, setIsEnabled] = useState(true);
  const change = (changes: Partial<Draft>): void => {
    setDraft((held) => ({ ...held, ...changes }));
  };
  const save = useMutation({
    mutationFn: () => {
      const workflow = workflowOf(draft);
      if (!stored) return service.createWorkflow({ workflow: { ...workflow, enabled: isEnabled } });
      return service.updateWorkflow({ workflow: { ...workflow, name: stored.name, etag: stored.etag }, updateMask: MASK });
    },
    onSuccess: ({ displayName }) => {
      tell(text("editor.saved", { name: displayName }));
      void queries.invalidateQueries({ queryKey: ["workflows"] });
      close();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog open onClose={close} fullScreen={isNarrow} fullWidth maxWidth="md" aria-labelledby={id} slotProps={{ paper: { component: "form", onSubmit: submit, ...(isNarrow && { sx: { borderRadius: 0 } }) } }}>
      <DialogTitle id={id}>{text(stored ? "editor.edit" : "editor.new")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0,1fr)" }}>
        <TextInput
          label={text("editor.name")}
          value={draft.displayName}
          isRequired
          hasFocus
          sx={{ mt: 1 }}
          input={{ maxLength: 128 }}
          change={(displayName) => {
            change({ displayName });
          }}
        />
        <Typography variant="h2" component="h3">
          {text("editor.trigger")}
        </Typography>
        <TriggerFields draft={draft} change={change} />
        <Typography variant="h2" component="h3">
          {text("editor.actions")}
        </Typography>
        {draft.actions.map((action, place) => (
          <ActionFields
            key={action.key}
            action={action}
            number={place + 1}
            change={(changes) => {
              change({ actions: draft.actions.map((held) => (held.key === action.key ? { ...held, ...changes } : held)) });
            }}
            remove={
              draft.actions.length > 1
                ? () => {
                    change({ actions: draft.actions.filter(({ key }) => key !== action.key) });
                  }
                : undefined
            }
          />
        ))}
        {draft.actions.length < MOST_ACTIONS && (
          <Button
            sx={{ justifySelf: "start" }}
            onClick={() => {
              change({ actions: [...draft.actions, newAction()] });
            }}
          >
            {text("editor.action.add")}
          </Button>
        )}
        <DryRun draft={draft} />
        {!stored && (
          <FormControlLabel
            label={text("editor.enable")}
            control={
              <Checkbox
                checked={isEnabled}
                onChange={(event) => {
                  setIsEnabled(event.target.checked);
                }}
              />
            }
          />
        )}
        {save.error && <Alert severity="error">{errorText(save.error)}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Box component="span">
          <Button type="submit" variant="contained" loading={save.isPending}>
            {text("editor.save")}
          </Button>
        </Box>
      </DialogActions>
    </Dialog>
  );
}

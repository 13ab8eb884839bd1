/** One thing that a workflow does. */
import Box from "@mui/material/Box";
import Checkbox from "@mui/material/Checkbox";
import FormControlLabel from "@mui/material/FormControlLabel";
import IconButton from "@mui/material/IconButton";

import { Choice, TextInput } from "@/common/fields";
import { CloseIcon } from "@/common/icons";
import { useTexts } from "@/text/language";

import { ACTION_KINDS, type ActionDraft, type ActionKind } from "./draft";
import { workflowTexts } from "./texts";

interface ActionFieldsProps {
  readonly action: ActionDraft;
  /** Its place among the actions, from 1. */
  readonly number: number;
  readonly change: (changes: Partial<ActionDraft>) => void;
  /** Undefined where it is the only one. */
  readonly remove: (() => void) | undefined;
}

type TextField = "text" | "recipients" | "url" | "owners" | "field" | "value" | "queue";

/** The kind of action, and what this kind needs. */
export function ActionFields({ action, number, change, remove }: ActionFieldsProps) {
  const text = useTexts(workflowTexts);
  const input = (field: TextField, options: { lines?: number; hasHelp?: boolean; isRequired?: boolean } = {}) => (
    <TextInput
      label={text(`editor.${field}`)}
      value={action[field]}
      lines={options.lines ?? 1}
      isRequired={options.isRequired ?? true}
      help={options.hasHelp ? text(`editor.${field as "text"}.help`) : undefined}
      change={(value) => {
        change({ [field]: value });
      }}
    />
  );
  const check = (field: "notifyOwner" | "reassign") => (
    <FormControlLabel
      label={text(`editor.${field}`)}
      control={
        <Checkbox
          checked={action[field]}
          onChange={(event) => {
            change({ [field]: event.target.checked });
          }}
        />
      }
    />
  );
  return (
    <Box role="group" aria-label={text("editor.action", { number })} sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0,1fr)", p: 2, borderRadius: 3, border: 1, borderColor: "divider" }}>
      <Box sx={{ display: "flex", gap: 1 }}>
        <Choice
          label={text("editor.action", { number })}
          size="medium"
          value={action.kind}
          choices={ACTION_KINDS.map((kind) => [kind, text(`editor.action.${kind}`)])}
          sx={{ flex: 1 }}
          change={(kind: ActionKind) => {
            change({ kind });
          }}
        />
        {remove && (
          <IconButton aria-label={text("editor.action.remove", { number })} onClick={remove}>
            <CloseIcon fontSize="small" />
          </IconButton>
        )}
      </Box>
      {action.kind === "notify" && (
        <>
          {input("text", { hasHelp: true })}
          {input("recipients", { hasHelp: true, isRequired: false })}
          {check("notifyOwner")}
        </>
      )}
      {action.kind === "webhook" && input("url", { hasHelp: true })}
      {action.kind === "assignOwner" && (
        <>
          {input("owners", { lines: 3, hasHelp: true })}
          {check("reassign")}
        </>
      )}
      {action.kind === "setField" && (
        <>
          {input("field")}
          {input("value")}
        </>
      )}
      {action.kind === "addToCrmQueue" && input("queue")}
    </Box>
  );
}

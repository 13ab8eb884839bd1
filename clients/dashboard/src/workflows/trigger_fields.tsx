/** What sets a workflow off. */
import Box from "@mui/material/Box";

import { Choice, TextInput } from "@/common/fields";
import { useTexts } from "@/text/language";

import { type Draft, TRIGGER_KINDS, type TriggerKind, type Way } from "./draft";
import { workflowTexts } from "./texts";

interface TriggerFieldsProps {
  readonly draft: Draft;
  readonly change: (changes: Partial<Draft>) => void;
}

/** The kind of trigger, and what this kind needs. */
export function TriggerFields({ draft, change }: TriggerFieldsProps) {
  const text = useTexts(workflowTexts);
  const number = (field: "threshold" | "hysteresis" | "points" | "hours" | "coolDownHours", label: string, help?: string) => (
    <TextInput
      type="number"
      label={label}
      value={draft[field]}
      isRequired
      help={help}
      input={{ min: 0, step: "any" }}
      change={(value) => {
        change({ [field]: value });
      }}
    />
  );
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "repeat(2, minmax(0,1fr))" }, alignItems: "start" }}>
      <Choice
        label={text("editor.kind")}
        size="medium"
        value={draft.kind}
        choices={TRIGGER_KINDS.map((kind) => [kind, text(`editor.kind.${kind}`)])}
        change={(kind: TriggerKind) => {
          change({ kind });
        }}
      />
      {draft.kind !== "condition" && (
        <Choice
          label={text("editor.direction")}
          size="medium"
          value={draft.way}
          choices={(["UP", "DOWN"] as const).map((way) => [way, text(`editor.direction.${way}`)])}
          change={(way: Way) => {
            change({ way });
          }}
        />
      )}
      {draft.kind === "score" && number("threshold", text("editor.threshold"))}
      {draft.kind === "score" && number("hysteresis", text("editor.hysteresis"), text("editor.hysteresis.help"))}
      {draft.kind === "grade" && (
        <Choice
          label={text("editor.grade")}
          size="medium"
          value={draft.grade}
          choices={(["A", "B", "C", "D"] as const).map((grade) => [grade, grade])}
          change={(grade: Draft["grade"]) => {
            change({ grade });
          }}
        />
      )}
      {draft.kind === "movement" && number("points", text("editor.points"))}
      {draft.kind === "movement" && number("hours", text("editor.hours"))}
      {draft.kind === "condition" && (
        <TextInput
          label={text("editor.filter")}
          value={draft.filter}
          isRequired
          help={text("editor.filter.help")}
          input={{ spellCheck: false }}
          change={(filter) => {
            change({ filter });
          }}
        />
      )}
      {number("coolDownHours", text("editor.coolDown"))}
    </Box>
  );
}

/** A score that a person sets, in place of the computed one. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Score } from "leadline-sdk";
import { type SyntheticEvent, useState } from "react";

import { TextInput } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { useClient } from "@/session/session_context";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { overrideTexts } from "./texts";

interface OverrideProps {
  /** The lead, `leads/{lead}`. */
  readonly name: string;
  readonly score: Score;
}

/** Says who set the score and what the model says, or offers to set it. */
export function Override({ name, score }: OverrideProps) {
  const { t, formats } = useLanguage();
  const text = useTexts(overrideTexts);
  const client = useClient();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const [value, setValue] = useState<string>();
  const change = useMutation({
    mutationFn: (wanted: number | undefined) => (wanted === undefined ? client.clearScoreOverride(name) : client.overrideScore(name, wanted)),
    onSuccess: (changed, wanted) => {
      setValue(undefined);
      queries.setQueryData(["score", name], changed);
      tell(wanted === undefined ? text("cleared") : text("set.done", { value: wanted }));
    },
    onError: tellError,
    onSettled: () => {
      for (const kind of ["lead", "score", "scores"]) void queries.invalidateQueries({ queryKey: [kind, name] });
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    change.mutate(Number(value));
  };
  if (value !== undefined) {
    return (
      <Box component="form" onSubmit={submit} sx={{ display: "flex", flexWrap: "wrap", gap: 1, mt: 1 }}>
        <TextInput
          size="small"
          type="number"
          label={text("value")}
          isRequired
          hasFocus
          value={value}
          change={setValue}
          input={{ min: 0, max: 100, step: 1 }}
          sx={{ width: 130 }}
        />
        <Button type="submit" variant="contained" size="small" loading={change.isPending}>
          {text("set")}
        </Button>
        <Button
          size="small"
          onClick={() => {
            setValue(undefined);
          }}
        >
          {t("common.cancel")}
        </Button>
      </Box>
    );
  }
  const { override } = score;
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 1, mt: 0.5 }}>
      {override && (
        <Typography variant="body2" sx={{ fontWeight: 600 }}>
          {text("by", { time: override.createTime ? formats.ago(dateOf(override.createTime)) : "", model: score.modelValue })}
        </Typography>
      )}
      <Button
        size="small"
        sx={{ ml: -0.5 }}
        onClick={() => {
          setValue(String(score.value));
        }}
      >
        {text(override ? "change" : "begin")}
      </Button>
      {override && (
        <Button
          size="small"
          loading={change.isPending}
          onClick={() => {
            change.mutate(undefined);
          }}
        >
          {text("clear")}
        </Button>
      )}
    </Box>
  );
}

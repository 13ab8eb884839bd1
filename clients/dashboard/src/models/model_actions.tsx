/** What can be done with a model: promote it, roll back from it, delete it. Each is asked about first. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FailedPrecondition, type Model, ModelState } from "leadline-sdk";
import dynamic from "next/dynamic";
import { useState } from "react";

import { useNotice } from "@/common/notice";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { StateChip } from "./models_view";

// Nobody needs it before the first question.
const Ask = dynamic(() => import("@/common/ask").then((module) => module.Ask), { ssr: false });

type Action = "promote" | "override" | "rollBack" | "delete";

/** The buttons of a model. */
export function ModelActions({ model, models }: { readonly model: Model; readonly models: readonly Model[] }) {
  const { t } = useLanguage();
  const client = useClient();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const [asked, setAsked] = useState<Action>();
  const version = String(model.version);
  const run = useMutation({
    mutationFn: async (action: Action): Promise<string> => {
      if (action === "delete") {
        await client.deleteModel(model.name);
        return t("models.delete.done", { version });
      }
      if (action === "rollBack") return t("models.rollBack.done", { version: String((await client.rollBackModel()).version) });
      await client.promoteModel(model.name, { overrideGate: action === "override" });
      return t("models.promote.done", { version });
    },
    onSuccess: (text) => {
      setAsked(undefined);
      tell(text);
      void queries.invalidateQueries();
    },
    onError: (error, action) => {
      const isRefusedByGate = error instanceof FailedPrecondition && error.reason === "PROMOTION_REFUSED";
      setAsked(action === "promote" && isRefusedByGate ? "override" : undefined);
      if (!isRefusedByGate) tellError(error);
    },
  });
  const isChampion = model.state === ModelState.CHAMPION;
  const canRollBack = isChampion && models.some(({ state }) => state === ModelState.RETIRED);
  const button = (action: Action, text: string) => (
    <Button
      size="small"
      color={action === "delete" ? "error" : "primary"}
      variant={action === "delete" ? "text" : "outlined"}
      onClick={() => {
        setAsked(action);
      }}
    >
      {text}
    </Button>
  );
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
      <StateChip state={model.state} />
      {!isChampion && button("promote", t("models.promote"))}
      {canRollBack && button("rollBack", t("models.rollBack"))}
      {!isChampion && button("delete", t("models.delete"))}
      {asked && (
        <Ask
          isOpen
          title={t(asked === "rollBack" ? "models.rollBack.title" : asked === "delete" ? "models.delete.title" : "models.promote.title", { version })}
          text={asked === "override" ? t("models.promote.override", { reason: model.promotionGate?.reason ?? "" }) : t(`models.${asked}.text`)}
          action={t(`models.${asked === "override" ? "promote" : asked}`)}
          isDangerous={asked === "delete"}
          isBusy={run.isPending}
          cancel={() => {
            setAsked(undefined);
          }}
          confirm={() => {
            run.mutate(asked);
          }}
        />
      )}
    </Box>
  );
}

/** Training a model, with its progress. It goes on when the page is left, and is found again. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import { useQueryClient } from "@tanstack/react-query";
import { type Model, type Operation, type OperationMetadata } from "leadline-sdk";
import { useCallback, useEffect, useRef, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

const METHOD = "TrainModel";
/** A training that still runs is among the latest operations. */
const LOOKED_THROUGH = 20;

/** A training that may run. */
export interface Training {
  readonly isRunning: boolean;
  readonly progress: OperationMetadata | undefined;
  readonly model: Model | undefined;
  readonly error: unknown;
  readonly start: () => void;
  readonly cancel: () => void;
}

/** Starts trainings and follows the one that runs, whoever started it. */
export function useTraining(): Training {
  const client = useClient();
  const queries = useQueryClient();
  const [operation, setOperation] = useState<Operation<Model>>();
  const [progress, setProgress] = useState<OperationMetadata>();
  const [model, setModel] = useState<Model>();
  const [error, setError] = useState<unknown>();

  const follow = useCallback(
    async (followed: Operation<Model>, signal: AbortSignal) => {
      setOperation(followed);
      setProgress(followed.metadata);
      try {
        setModel(await followed.wait({ signal, progress: setProgress }));
        await queries.invalidateQueries();
      } catch (thrown) {
        if (!signal.aborted) setError(thrown);
      } finally {
        if (!signal.aborted) setOperation(undefined);
      }
    },
    [queries],
  );

  const page = useRef(new AbortController());
  useEffect(() => {
    page.current = new AbortController();
    const { signal } = page.current;
    const find = async (): Promise<void> => {
      let looked = 0;
      for await (const found of client.listOperations({ pageSize: LOOKED_THROUGH })) {
        looked += 1;
        if (!found.done && found.metadata.method === METHOD && !signal.aborted) {
          await follow(found as Operation<Model>, signal);
          return;
        }
        if (looked === LOOKED_THROUGH) return;
      }
    };
    find().catch((thrown: unknown) => {
      if (!signal.aborted) setError(thrown);
    });
    return () => {
      page.current.abort();
    };
  }, [client, follow]);

  const start = (): void => {
    setError(undefined);
    setModel(undefined);
    client.trainModel().then((started) => follow(started, page.current.signal), setError);
  };
  const cancel = (): void => {
    operation?.cancel().catch(setError);
  };
  return { isRunning: operation !== undefined, progress, model, error, start, cancel };
}

/** How far the training is, or what came of it. */
export function TrainingBar({ training }: { readonly training: Training }) {
  const { t } = useLanguage();
  const errorText = useErrorText();
  const { isRunning, progress, model, error, cancel } = training;
  if (isRunning) {
    const stage = progress?.stage ?? "";
    return (
      <Alert
        severity="info"
        icon={false}
        action={
          <Button color="inherit" size="small" onClick={cancel}>
            {t("models.train.cancel")}
          </Button>
        }
        sx={{ "& .MuiAlert-message": { flex: 1 } }}
      >
        <Box sx={{ display: "grid", gap: 1 }}>
          <Typography variant="body2" role="status">
            {t("models.train.running", { stage })}
          </Typography>
          <LinearProgress
            variant="determinate"
            value={progress?.progressPercent ?? 0}
            aria-label={t("models.train.running", { stage })}
            sx={{ height: 6, borderRadius: 3 }}
          />
        </Box>
      </Alert>
    );
  }
  if (error !== undefined) return <Alert severity="error">{errorText(error)}</Alert>;
  if (model) {
    const gate = model.promotionGate?.reason ?? "";
    return <Alert severity="success">{t("models.train.done", { version: String(model.version), gate })}</Alert>;
  }
  return null;
}

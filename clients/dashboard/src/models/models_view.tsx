/** The models: which makes the scores, how good each is, and training a new one. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import Chip from "@mui/material/Chip";
import ListItemButton from "@mui/material/ListItemButton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { type Model, ModelState } from "leadline-sdk";
import { usePathname, useRouter, useSearchParams } from "next/navigation";

import { EmptyState } from "@/common/empty_state";
import { Failure } from "@/common/failure";
import { ModelIcon } from "@/common/icons";
import { PageSkeleton } from "@/common/page_skeleton";
import { useClient } from "@/session/session_context";
import { dateOf } from "@/text/formats";
import { useLanguage } from "@/text/language";

import { ModelDetail } from "./model_detail";
import { TrainingBar, useTraining } from "./training";

const MOST_MODELS = 100;

/** The states of models by their names in texts. */
export const STATE_NAMES: Readonly<Record<number, "CANDIDATE" | "CHAMPION" | "RETIRED">> = {
  [ModelState.CANDIDATE]: "CANDIDATE",
  [ModelState.CHAMPION]: "CHAMPION",
  [ModelState.RETIRED]: "RETIRED",
};

/** Gives the models, the newest first. */
export function useModels() {
  const client = useClient();
  return useQuery({
    queryKey: ["models"],
    queryFn: async ({ signal }) => {
      const models: Model[] = [];
      for await (const model of client.listModels({ signal })) {
        models.push(model);
        if (models.length === MOST_MODELS) break;
      }
      return models;
    },
  });
}

/** The page with all models. */
export function ModelsView() {
  const { t } = useLanguage();
  const { data: models, error, refetch } = useModels();
  const training = useTraining();
  const parameters = useSearchParams();
  const router = useRouter();
  const path = usePathname();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!models) return <PageSkeleton />;
  const chosen = models.find(({ name }) => name === `models/${parameters.get("id") ?? ""}`);
  const shown = chosen ?? models.find(({ state }) => state === ModelState.CHAMPION) ?? models[0];
  const trainButton = (
    <Button variant="contained" disabled={training.isRunning} onClick={training.start}>
      {t("models.train")}
    </Button>
  );
  return (
    <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 } }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 2 }}>
        <Box sx={{ flex: 1, minWidth: 200 }}>
          <Typography variant="h1">{t("models.title")}</Typography>
          <Typography variant="body2" color="textSecondary">
            {t("models.subtitle")}
          </Typography>
        </Box>
        {models.length > 0 && trainButton}
      </Box>
      <TrainingBar training={training} />
      {!shown && (
        <Card>
          <EmptyState icon={<ModelIcon />} title={t("models.empty.title")} text={t("models.empty.text")} action={trainButton} />
        </Card>
      )}
      {shown && (
        <Box
          sx={{
            display: "grid",
            gap: { xs: 2, md: 2.5 },
            alignItems: "start",
            gridTemplateColumns: { xs: "minmax(0,1fr)", lg: "270px minmax(0,1fr)" },
          }}
        >
          <ModelList
            models={models}
            shown={shown}
            show={(model) => {
              router.replace(`${path}?id=${model.name.slice("models/".length)}`, { scroll: false });
            }}
          />
          <ModelDetail key={shown.name} model={shown} models={models} />
        </Box>
      )}
    </Box>
  );
}

interface ModelListProps {
  readonly models: readonly Model[];
  readonly shown: Model;
  readonly show: (model: Model) => void;
}

function ModelList({ models, shown, show }: ModelListProps) {
  const { t, formats } = useLanguage();
  return (
    <Card component="nav" aria-label={t("models.title")} sx={{ p: 1, display: "grid", gap: 0.25, maxHeight: { xs: 230, lg: "70dvh" }, overflowY: "auto" }}>
      {models.map((model) => (
        <ListItemButton
          key={model.name}
          selected={model === shown}
          aria-current={model === shown ? "true" : undefined}
          sx={{ borderRadius: 2.5, display: "block", py: 1 }}
          onClick={() => {
            show(model);
          }}
        >
          <Box sx={{ display: "flex", alignItems: "center", gap: 1 }}>
            <Typography variant="h3" component="span" sx={{ flex: 1 }}>
              {t("models.version", { version: String(model.version) })}
            </Typography>
            <StateChip state={model.state} />
          </Box>
          <Typography variant="caption" color="textSecondary">
            {t("models.auc")} {formats.decimal(model.evaluation?.auc ?? 0, 3)}
            {model.createTime && ` · ${formats.day(dateOf(model.createTime))}`}
          </Typography>
        </ListItemButton>
      ))}
    </Card>
  );
}

/** What a model is used for. */
export function StateChip({ state }: { readonly state: ModelState }) {
  const { t } = useLanguage();
  const name = STATE_NAMES[state];
  if (!name) return null;
  return (
    <Chip
      size="small"
      label={t(`models.state.${name}`)}
      color={name === "CHAMPION" ? "success" : "default"}
      variant={name === "CHAMPION" ? "filled" : "outlined"}
      sx={name === "CHAMPION" ? { color: (theme) => (theme.palette.mode === "dark" ? "#06251a" : "#fff") } : undefined}
    />
  );
}

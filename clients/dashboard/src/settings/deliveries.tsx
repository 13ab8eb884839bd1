/** What became of each webhook message. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type WebhookDelivery, WebhookDeliveryState } from "leadline-sdk/contract/workflow";
import { useState } from "react";

import { Failure } from "@/common/failure";
import { Choice } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";
import { useWorkflowService } from "@/workflows/use_workflows";

import { settingsTexts } from "./texts";

const SHOWN = 50;
const LOOK_AGAIN_MS = 5_000;
const STATES = ["0", "1", "2", "3"] as const;
const BY_STATE = {
  "0": WebhookDeliveryState.UNSPECIFIED,
  "1": WebhookDeliveryState.PENDING,
  "2": WebhookDeliveryState.DELIVERED,
  "3": WebhookDeliveryState.DEAD,
} as const;
const COLOURS = { 1: "default", 2: "success", 3: "error" } as const;
type KnownState = keyof typeof COLOURS;

/** The deliveries, the newest first; those that were given up can be sent again. */
export function Deliveries() {
  const text = useTexts(settingsTexts);
  const service = useWorkflowService();
  const [state, setState] = useState<(typeof STATES)[number]>("0");
  const { data, error, refetch } = useQuery({
    queryKey: ["deliveries", state],
    queryFn: async ({ signal }) => (await service.listWebhookDeliveries({ state: BY_STATE[state], pageSize: SHOWN }, { signal })).webhookDeliveries,
    refetchInterval: LOOK_AGAIN_MS,
  });
  const filter = (
    <Choice
      label={text("deliveries.state")}
      value={state}
      choices={STATES.map((value) => [value, value === "0" ? text("deliveries.all") : text(`delivery.${value}`)])}
      change={setState}
      sx={{ minWidth: 130 }}
    />
  );
  return (
    <Panel title={text("deliveries.title")} action={filter}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton variant="rounded" height={80} />}
      {data?.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {text("deliveries.empty")}
        </Typography>
      )}
      <Box component="ul" aria-label={text("deliveries.title")} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {data?.map((delivery) => (
          <DeliveryRow key={delivery.name} delivery={delivery} />
        ))}
      </Box>
    </Panel>
  );
}

function DeliveryRow({ delivery: { name, url, state, attemptCount, nextAttemptTime, createTime } }: { readonly delivery: WebhookDelivery }) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const service = useWorkflowService();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const [isOpen, setIsOpen] = useState(false);
  const replay = useMutation({
    mutationFn: () => service.replayWebhookDelivery({ name }),
    onSuccess: () => {
      tell(text("delivery.replayed"));
    },
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ["deliveries"] }),
  });
  const facts = [
    createTime && formats.ago(dateOf(createTime)),
    text("delivery.attempts", { count: attemptCount }),
    nextAttemptTime && text("delivery.next", { time: formats.ago(dateOf(nextAttemptTime)) }),
  ];
  return (
    <Box component="li" sx={{ py: 1.25, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
        {state in COLOURS && (
          <Chip size="small" variant="outlined" color={COLOURS[state as KnownState]} label={text(`delivery.${state as KnownState}`)} />
        )}
        <Box sx={{ flex: "1 1 220px", minWidth: 0 }}>
          <Typography variant="body2" noWrap title={url}>
            {url}
          </Typography>
          <Typography variant="caption" color="textSecondary">
            {facts.filter(Boolean).join(" · ")}
          </Typography>
        </Box>
        <Button
          size="small"
          aria-expanded={isOpen}
          onClick={() => {
            setIsOpen(!isOpen);
          }}
        >
          {text("delivery.details")}
        </Button>
        {state !== WebhookDeliveryState.PENDING && (
          <Button
            size="small"
            loading={replay.isPending}
            onClick={() => {
              replay.mutate();
            }}
          >
            {text("delivery.replay")}
          </Button>
        )}
      </Box>
      {isOpen && <DeliveryDetails name={name} />}
    </Box>
  );
}

function DeliveryDetails({ name }: { readonly name: string }) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const service = useWorkflowService();
  const { data, error, refetch } = useQuery({
    queryKey: ["deliveries", "one", name],
    queryFn: ({ signal }) => service.getWebhookDelivery({ name }, { signal }),
    refetchInterval: LOOK_AGAIN_MS,
  });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton variant="rounded" height={60} />;
  return (
    <Box sx={{ mt: 1 }}>
      {data.attempts.map(({ attemptTime, statusCode, failure }, place) => (
        <Typography key={place} variant="caption" component="div" color={failure ? "error" : "textSecondary"} sx={{ overflowWrap: "anywhere" }}>
          {[attemptTime && formats.moment(dateOf(attemptTime)), statusCode > 0 ? String(statusCode) : text("delivery.noAnswer"), failure]
            .filter(Boolean)
            .join(" · ")}
        </Typography>
      ))}
      <Typography variant="caption" component="div" sx={{ mt: 1 }}>
        {text("delivery.payload")}
      </Typography>
      <Box component="pre" tabIndex={0} sx={{ m: 0, p: 1.5, borderRadius: 2, bgcolor: "action.hover", fontSize: "0.75rem", overflowX: "auto" }}>
        {data.payload}
      </Box>
    </Box>
  );
}

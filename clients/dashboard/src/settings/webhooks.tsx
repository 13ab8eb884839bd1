/** The webhooks that workflows call: their secrets, and what became of each message. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { type Workflow } from "leadline-sdk/contract/workflow";
import NextLink from "next/link";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { Failure } from "@/common/failure";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { useTexts } from "@/text/language";
import { useWorkflows, useWorkflowService } from "@/workflows/use_workflows";

import { Deliveries } from "./deliveries";
import { SecretDialog } from "./secret_dialog";
import { settingsTexts } from "./texts";

const OVERLAP_SECONDS = 86_400n;

/** The workflows with a webhook, then the deliveries. */
export function Webhooks() {
  const text = useTexts(settingsTexts);
  const service = useWorkflowService();
  const { tellError } = useNotice();
  const { data, error, refetch } = useWorkflows();
  const [asked, setAsked] = useState<Workflow>();
  const [secret, setSecret] = useState("");
  const rotate = useMutation({
    mutationFn: ({ name }: Workflow) => service.rotateWebhookSecret({ name, overlap: { seconds: OVERLAP_SECONDS } }),
    onSuccess: (made) => {
      setSecret(made.secret);
    },
    onError: tellError,
    onSettled: () => {
      setAsked(undefined);
    },
  });
  const calling = data?.filter(({ actions }) => actions.some(({ kind }) => kind.case === "webhook"));
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <Panel title={text("webhooks.title")}>
        <Typography variant="body2" color="textSecondary">
          {text("webhooks.text")}
        </Typography>
        {error && <Failure error={error} retry={() => void refetch()} />}
        {!data && !error && <Skeleton variant="rounded" height={80} sx={{ mt: 1 }} />}
        {calling?.length === 0 && (
          <Typography variant="body2" sx={{ mt: 1 }}>
            {text("webhooks.empty")}
          </Typography>
        )}
        <Box component="ul" aria-label={text("webhooks.title")} sx={{ listStyle: "none", m: 0, mt: 1, p: 0 }}>
          {calling?.map((workflow) => (
            <Box component="li" key={workflow.name} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1, py: 1.25, borderTop: 1, borderColor: "divider" }}>
              <Box sx={{ flex: "1 1 240px", minWidth: 0 }}>
                <Typography variant="body2" dir="auto" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
                  {workflow.displayName}
                </Typography>
                {workflow.actions.map(
                  ({ kind }, place) =>
                    kind.case === "webhook" && (
                      <Typography key={place} variant="caption" color="textSecondary" component="div" sx={{ overflowWrap: "anywhere" }}>
                        {kind.value.url}
                      </Typography>
                    ),
                )}
              </Box>
              <Button
                size="small"
                onClick={() => {
                  setAsked(workflow);
                }}
              >
                {text("webhooks.secret")}
              </Button>
            </Box>
          ))}
        </Box>
        <Button component={NextLink} prefetch={false} href="/workflows/" size="small">
          {text("webhooks.toWorkflows")}
        </Button>
      </Panel>
      <Deliveries />
      <Ask
        isOpen={asked !== undefined}
        title={text("webhooks.secret.title", { name: asked?.displayName ?? "" })}
        text={text("webhooks.secret.text")}
        action={text("webhooks.secret")}
        isBusy={rotate.isPending}
        cancel={() => {
          setAsked(undefined);
        }}
        confirm={() => {
          if (asked) rotate.mutate(asked);
        }}
      />
      <SecretDialog
        secrets={secret ? [secret] : []}
        close={() => {
          setSecret("");
        }}
      />
    </Box>
  );
}

/** The secrets by which programs get in. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ApiKey, CredentialState } from "leadline-sdk/contract/identity";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { Failure } from "@/common/failure";
import { PlusIcon } from "@/common/icons";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { ApiKeyForm } from "./api_key_form";
import { permissionWords } from "./permissions";
import { SecretDialog } from "./secret_dialog";
import { settingsTexts } from "./texts";
import { useApiKeys, useIdentityService } from "./use_identity";

const OVERLAP_SECONDS = 86_400n;

interface Asked {
  readonly action: "rotate" | "revoke";
  readonly key: ApiKey;
}

/** The keys, the newest first; a secret is shown when it is made, and never again. */
export function ApiKeys() {
  const text = useTexts(settingsTexts);
  const service = useIdentityService();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const { data, error, refetch } = useApiKeys();
  const [isWriting, setIsWriting] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [secret, setSecret] = useState("");
  const reload = (): void => void queries.invalidateQueries({ queryKey: ["apiKeys"] });
  const act = useMutation({
    mutationFn: ({ action, key: { name } }: Asked) =>
      action === "rotate" ? service.rotateApiKey({ name, overlap: { seconds: OVERLAP_SECONDS } }) : service.revokeApiKey({ name }),
    onSuccess: (changed, { action, key }) => {
      if (action === "rotate") setSecret(changed.secret);
      else tell(text("keys.revoked", { name: key.displayName }));
    },
    onError: tellError,
    onSettled: () => {
      setAsked(undefined);
      reload();
    },
  });
  const create = (
    <Button
      size="small"
      variant="contained"
      startIcon={<PlusIcon />}
      onClick={() => {
        setIsWriting(true);
      }}
    >
      {text("keys.new")}
    </Button>
  );
  return (
    <Panel title={text("keys.title")} action={create}>
      <Typography variant="body2" color="textSecondary">
        {text("keys.text")}
      </Typography>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton variant="rounded" height={100} sx={{ mt: 1 }} />}
      {data?.length === 0 && (
        <Typography variant="body2" sx={{ mt: 1 }}>
          {text("keys.empty")}
        </Typography>
      )}
      <Box component="ul" aria-label={text("keys.title")} sx={{ listStyle: "none", m: 0, mt: 1, p: 0 }}>
        {data?.map((key) => (
          <KeyRow key={key.name} apiKey={key} ask={setAsked} />
        ))}
      </Box>
      {isWriting && (
        <ApiKeyForm
          close={() => {
            setIsWriting(false);
          }}
          done={(made) => {
            setIsWriting(false);
            setSecret(made);
            reload();
          }}
        />
      )}
      <Ask
        isOpen={asked !== undefined}
        title={asked ? text(`keys.${asked.action}.title`, { name: asked.key.displayName }) : ""}
        text={asked ? text(`keys.${asked.action}.text`) : ""}
        action={asked ? text(`keys.${asked.action}`) : ""}
        isBusy={act.isPending}
        cancel={() => {
          setAsked(undefined);
        }}
        confirm={() => {
          if (asked) act.mutate(asked);
        }}
      />
      <SecretDialog
        secrets={secret ? [secret] : []}
        close={() => {
          setSecret("");
        }}
      />
    </Panel>
  );
}

function KeyRow({ apiKey, ask }: { readonly apiKey: ApiKey; readonly ask: (asked: Asked) => void }) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const { displayName, prefix, permissions, state, createTime, lastUsedTime, expireTime } = apiKey;
  const isActive = state === CredentialState.ACTIVE;
  const times = [
    createTime && text("keys.created", { time: formats.ago(dateOf(createTime)) }),
    text("keys.used", { time: lastUsedTime ? formats.ago(dateOf(lastUsedTime)) : text("never") }),
    expireTime && text("keys.expires", { time: formats.day(dateOf(expireTime)) }),
  ];
  const button = (action: Asked["action"]) => (
    <Button
      size="small"
      color={action === "revoke" ? "error" : "primary"}
      onClick={() => {
        ask({ action, key: apiKey });
      }}
    >
      {text(`keys.${action}`)}
    </Button>
  );
  return (
    <Box component="li" sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1, py: 1.5, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
      <Box sx={{ flex: "1 1 260px", minWidth: 0 }}>
        <Typography variant="body2" dir="auto" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
          {displayName} <code>{prefix}…</code>
        </Typography>
        <Typography variant="caption" color="textSecondary" component="div">
          {times.filter(Boolean).join(" · ")}
        </Typography>
        <Typography variant="caption" color="textSecondary" component="div" sx={{ overflowWrap: "anywhere" }}>
          {permissions.map(permissionWords).join(", ")}
        </Typography>
      </Box>
      {isActive ? (
        <>
          {button("rotate")}
          {button("revoke")}
        </>
      ) : (
        <Chip size="small" variant="outlined" label={text(state === CredentialState.EXPIRED ? "keys.state.3" : "keys.state.2")} />
      )}
    </Box>
  );
}

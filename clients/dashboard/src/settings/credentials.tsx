/** The secrets of one kind by which programs get in: how they are listed, made, replaced and ended. */
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Typography from "@mui/material/Typography";
import { useMutation, type UseQueryResult } from "@tanstack/react-query";
import { type ApiKey, CredentialState, type OauthClient } from "leadline-sdk/contract/identity";
import dynamic from "next/dynamic";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { PlusIcon } from "@/common/icons";
import { Listing } from "@/common/listing";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { Row } from "@/common/rows";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { type NewCredential } from "./credential_form";
import { permissionWords } from "./permissions";
import { settingsTexts } from "./texts";

const CredentialForm = dynamic(() => import("./credential_form").then((module) => module.CredentialForm), { ssr: false });
const SecretDialog = dynamic(() => import("./secret_dialog").then((module) => module.SecretDialog), { ssr: false });

type Credential = ApiKey | OauthClient;

interface CredentialsProps<Item extends Credential> {
  readonly kind: "keys" | "clients";
  readonly list: UseQueryResult<Item[]>;
  /** By what a person knows one again. */
  readonly identify: (item: Item) => string;
  /** Makes one; gives what is to be shown once. */
  readonly create: (told: NewCredential) => Promise<readonly string[]>;
  /** Replaces the secret; gives what is to be shown once. */
  readonly rotate: (name: string) => Promise<readonly string[]>;
  readonly revoke: (name: string) => Promise<unknown>;
}

interface Asked {
  readonly action: "rotate" | "revoke";
  readonly name: string;
  readonly called: string;
}

/** They, the newest first; a secret is shown when it is made, and never again. */
export function Credentials<Item extends Credential>({ kind, list, identify, create, rotate, revoke }: CredentialsProps<Item>) {
  const text = useTexts(settingsTexts);
  const { tell, tellError } = useNotice();
  const [isWriting, setIsWriting] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [secrets, setSecrets] = useState<readonly string[]>([]);
  const act = useMutation({
    mutationFn: async ({ action, name }: Asked) => {
      if (action === "rotate") return rotate(name);
      await revoke(name);
      return [];
    },
    onSuccess: (made, { action, called }) => {
      if (action === "rotate") setSecrets(made);
      else tell(text("keys.revoked", { name: called }));
    },
    onError: tellError,
    onSettled: () => {
      setAsked(undefined);
      void list.refetch();
    },
  });
  const begin = (
    <Button
      size="small"
      variant="contained"
      startIcon={<PlusIcon />}
      onClick={() => {
        setIsWriting(true);
      }}
    >
      {text(`${kind}.new`)}
    </Button>
  );
  return (
    <Panel title={text(`${kind}.title`)} action={begin}>
      <Typography variant="body2" color="textSecondary">
        {text(`${kind}.text`)}
      </Typography>
      <Listing
        label={text(`${kind}.title`)}
        empty={text(`${kind}.empty`, { address: `${window.location.origin}/oauth/token` })}
        list={list}
        row={(item) => <CredentialRow key={item.name} item={item} identity={identify(item)} ask={setAsked} />}
      />
      {isWriting && (
        <CredentialForm
          kind={kind}
          create={create}
          close={() => {
            setIsWriting(false);
          }}
          done={(made) => {
            setIsWriting(false);
            setSecrets(made);
            void list.refetch();
          }}
        />
      )}
      <Ask
        isOpen={asked !== undefined}
        title={asked ? text(`keys.${asked.action}.title`, { name: asked.called }) : ""}
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
      {secrets.length > 0 && (
        <SecretDialog
          secrets={secrets}
          close={() => {
            setSecrets([]);
          }}
        />
      )}
    </Panel>
  );
}

interface CredentialRowProps {
  readonly item: Credential;
  readonly identity: string;
  readonly ask: (asked: Asked) => void;
}

function CredentialRow({ item, identity, ask }: CredentialRowProps) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const { name, displayName, permissions, state, createTime, lastUsedTime } = item;
  const expireTime = "expireTime" in item ? item.expireTime : undefined;
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
        ask({ action, name, called: displayName });
      }}
    >
      {text(`keys.${action}`)}
    </Button>
  );
  const title = (
    <>
      {displayName} <code>{identity}</code>
    </>
  );
  return (
    <Row title={title} details={[times.filter(Boolean).join(" · "), permissions.map(permissionWords).join(", ")]}>
      {state === CredentialState.ACTIVE ? (
        <>
          {button("rotate")}
          {button("revoke")}
        </>
      ) : (
        <Chip size="small" variant="outlined" label={text(state === CredentialState.EXPIRED ? "keys.state.3" : "keys.state.2")} />
      )}
    </Row>
  );
}

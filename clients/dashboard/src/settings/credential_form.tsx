/** A new API key or OAuth client: what it is for, what it may do, and, for a key, until when. */
import { useMutation } from "@tanstack/react-query";
import { Permission } from "leadline-sdk/contract/permission";
import { useState } from "react";

import { Choice, TextInput } from "@/common/fields";
import { FormDialog } from "@/common/form_dialog";
import { useTexts } from "@/text/language";

import { PermissionChoice, useHeldPermissions } from "./permission_choice";
import { settingsTexts } from "./texts";

const DAYS = ["90", "30", "365", "0"] as const;
const MS_A_DAY = 86_400_000;
/** What most programs need, and little more. */
const USUAL = [Permission.LEADS_READ, Permission.LEADS_WRITE, Permission.EVENTS_WRITE, Permission.SCORES_READ];

/** What is told of a new credential. */
export interface NewCredential {
  readonly displayName: string;
  readonly permissions: Permission[];
  /** Undefined for one that does not end by itself. */
  readonly end: Date | undefined;
}

interface CredentialFormProps {
  readonly kind: "keys" | "clients";
  readonly close: () => void;
  /** Makes it; gives what is to be shown once. */
  readonly create: (told: NewCredential) => Promise<readonly string[]>;
  readonly done: (secrets: readonly string[]) => void;
}

/** Offers what whoever is logged in may do; a program can't do more. */
export function CredentialForm({ kind, close, create, done }: CredentialFormProps) {
  const text = useTexts(settingsTexts);
  const held = useHeldPermissions();
  const [displayName, setDisplayName] = useState("");
  const [chosen, setChosen] = useState<readonly Permission[]>(() => USUAL.filter((permission) => held.includes(permission)));
  const [days, setDays] = useState<string>(DAYS[0]);
  const hasEnd = kind === "keys";
  const make = useMutation({
    mutationFn: () => {
      const end = hasEnd && days !== "0" ? new Date(Date.now() + Number(days) * MS_A_DAY) : undefined;
      return create({ displayName: displayName.trim(), permissions: [...chosen], end });
    },
    onSuccess: done,
  });
  return (
    <FormDialog
      title={text(`${kind}.new`)}
      action={text(`${kind}.create`)}
      isBusy={make.isPending}
      isReady={chosen.length > 0}
      error={make.error}
      close={close}
      submit={make.mutate}
    >
      <TextInput label={text("keys.name")} isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      {hasEnd && (
        <Choice
          label={text("keys.until")}
          size="medium"
          value={days}
          choices={DAYS.map((choice) => [choice, choice === "0" ? text("keys.until.0") : text("keys.until.days", { days: choice })])}
          change={setDays}
        />
      )}
      <PermissionChoice label={text("keys.may")} offered={held} chosen={chosen} change={setChosen} />
    </FormDialog>
  );
}

/** An issuer by whose tokens users log in, while it is written. */
import { useMutation } from "@tanstack/react-query";
import { type IdentityProvider, type Role } from "leadline-sdk/contract/identity";
import { useState } from "react";

import { Choice, TextInput } from "@/common/fields";
import { FormDialog } from "@/common/form_dialog";
import { useIdentityService } from "@/settings/use_identity";
import { useLanguage, useTexts } from "@/text/language";

import { organizationTexts } from "./texts";

interface ProviderFormProps {
  /** The issuer that is changed; undefined for a new one. */
  readonly stored: IdentityProvider | undefined;
  readonly roles: readonly Role[];
  readonly close: () => void;
}

/** What its tokens look like, and what somebody may do who comes by one for the first time. */
export function ProviderForm({ stored, roles, close }: ProviderFormProps) {
  const { t } = useLanguage();
  const text = useTexts(organizationTexts);
  const service = useIdentityService();
  const [displayName, setDisplayName] = useState(stored?.displayName ?? "");
  const [issuer, setIssuer] = useState(stored?.issuer ?? "");
  const [clientId, setClientId] = useState(stored?.clientId ?? "");
  const [role, setRole] = useState(stored?.role ?? "");
  const save = useMutation({
    mutationFn: () => {
      const identityProvider = { displayName: displayName.trim(), issuer: issuer.trim(), clientId: clientId.trim(), role };
      if (!stored) return service.createIdentityProvider({ identityProvider });
      const updateMask = { paths: ["display_name", "issuer", "client_id", "role"] };
      return service.updateIdentityProvider({ identityProvider: { ...identityProvider, name: stored.name }, updateMask });
    },
    onSuccess: close,
  });
  return (
    <FormDialog title={text(stored ? "providers.edit" : "providers.new")} action={t("common.save")} isBusy={save.isPending} error={save.error} close={close} submit={save.mutate}>
      <TextInput label={text("providers.name")} isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      <TextInput type="url" label={text("providers.issuer")} help={text("providers.issuer.help")} placeholder="https://login.example.com" isRequired value={issuer} change={setIssuer} />
      <TextInput label={text("providers.client")} help={text("providers.client.help")} isRequired value={clientId} change={setClientId} />
      <Choice
        label={text("providers.role")}
        size="medium"
        value={role}
        choices={[["", text("providers.role.none")], ...roles.map(({ name, displayName: called }) => [name, called] as const)]}
        change={setRole}
      />
    </FormDialog>
  );
}

/** A role of the organization's own while it is written. */
import { useMutation } from "@tanstack/react-query";
import { type Role } from "leadline-sdk/contract/identity";
import { type Permission } from "leadline-sdk/contract/permission";
import { useMemo, useState } from "react";

import { TextInput } from "@/common/fields";
import { FormDialog } from "@/common/form_dialog";
import { PermissionChoice, useHeldPermissions } from "@/settings/permission_choice";
import { useIdentityService } from "@/settings/use_identity";
import { useLanguage, useTexts } from "@/text/language";

import { organizationTexts } from "./texts";

interface RoleFormProps {
  /** The role that is changed; undefined for a new one. */
  readonly stored: Role | undefined;
  readonly close: () => void;
}

/** Offers what whoever is logged in may do, and what the role lets do already. */
export function RoleForm({ stored, close }: RoleFormProps) {
  const { t } = useLanguage();
  const text = useTexts(organizationTexts);
  const service = useIdentityService();
  const held = useHeldPermissions();
  const offered = useMemo(() => [...new Set([...held, ...(stored?.permissions ?? [])])], [held, stored]);
  const [displayName, setDisplayName] = useState(stored?.displayName ?? "");
  const [chosen, setChosen] = useState<readonly Permission[]>(stored?.permissions ?? []);
  const save = useMutation({
    mutationFn: () => {
      const role = { displayName: displayName.trim(), permissions: [...chosen] };
      if (!stored) return service.createRole({ role });
      return service.updateRole({ role: { ...role, name: stored.name }, updateMask: { paths: ["display_name", "permissions"] } });
    },
    onSuccess: close,
  });
  return (
    <FormDialog
      title={text(stored ? "roles.edit" : "roles.new")}
      action={t("common.save")}
      isBusy={save.isPending}
      isReady={chosen.length > 0}
      error={save.error}
      close={close}
      submit={save.mutate}
    >
      <TextInput label={text("roles.name")} isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      <PermissionChoice label={text("roles.may")} offered={offered} chosen={chosen} change={setChosen} />
    </FormDialog>
  );
}

/** The issuers of others by whose tokens users log in. */
import dynamic from "next/dynamic";

import { EditableList } from "@/common/editable_list";
import { useIdentityProviders, useIdentityService, useRoles } from "@/settings/use_identity";
import { useTexts } from "@/text/language";

import { organizationTexts } from "./texts";

const ProviderForm = dynamic(() => import("./provider_form").then((module) => module.ProviderForm), { ssr: false });

/** They, the newest first. */
export function Providers() {
  const text = useTexts(organizationTexts);
  const service = useIdentityService();
  const list = useIdentityProviders();
  const roles = useRoles().data ?? [];
  const roleWords = (role: string): string =>
    role === "" ? text("providers.known") : text("providers.role.of", { role: roles.find(({ name }) => name === role)?.displayName ?? role });
  return (
    <EditableList
      title={text("providers.title")}
      text={text("providers.text")}
      empty={text("providers.empty")}
      begin={text("providers.new")}
      list={list}
      calledOf={({ displayName, issuer }) => displayName || issuer}
      detailsOf={({ issuer, clientId, role }) => [`${issuer} · ${clientId}`, roleWords(role)]}
      form={(stored, close) => <ProviderForm stored={stored} roles={roles} close={close} />}
      remove={({ name }) => service.deleteIdentityProvider({ name })}
      removal={{
        title: (name) => text("providers.delete.title", { name }),
        text: text("providers.delete.text"),
        done: (name) => text("providers.deleted", { name }),
      }}
    />
  );
}

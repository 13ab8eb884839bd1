/** The roles: what each lets its holders do. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import dynamic from "next/dynamic";

import { EditableList } from "@/common/editable_list";
import { permissionWords } from "@/settings/permissions";
import { useIdentityService, useRoles } from "@/settings/use_identity";
import { useTexts } from "@/text/language";

import { organizationTexts } from "./texts";

const RoleForm = dynamic(() => import("./role_form").then((module) => module.RoleForm), { ssr: false });

/** The built-in ones, then the organization's own. */
export function Roles() {
  const text = useTexts(organizationTexts);
  const service = useIdentityService();
  const list = useRoles();
  return (
    <EditableList
      title={text("roles.title")}
      text={text("roles.text")}
      empty={text("roles.text")}
      begin={text("roles.new")}
      list={list}
      calledOf={({ displayName }) => displayName}
      detailsOf={({ permissions }) => [<Allowed key="allowed" words={permissions.map(permissionWords).join(", ")} />]}
      fixedSign={({ builtIn }) => (builtIn ? <Chip size="small" variant="outlined" label={text("roles.builtIn")} /> : undefined)}
      form={(stored, close) => <RoleForm stored={stored} close={close} />}
      remove={({ name }) => service.deleteRole({ name })}
      removal={{
        title: (name) => text("roles.delete.title", { name }),
        text: text("roles.delete.text"),
        done: (name) => text("roles.deleted", { name }),
      }}
    />
  );
}

/** Two lines of a long list; all of it where one points. */
function Allowed({ words }: { readonly words: string }) {
  return (
    <Box component="span" title={words} sx={{ display: "-webkit-box", WebkitLineClamp: 2, WebkitBoxOrient: "vertical", overflow: "hidden" }}>
      {words}
    </Box>
  );
}

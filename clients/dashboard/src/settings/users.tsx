/** Who may log in, as what, and who is invited; the roles. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Role, type User, UserState } from "leadline-sdk/contract/identity";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { Failure } from "@/common/failure";
import { Choice } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { Roles } from "@/organization/roles";
import { subjectOf } from "@/session/session";
import { useSession } from "@/session/session_context";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { Invitations } from "./invitations";
import { settingsTexts } from "./texts";
import { useIdentityService, useRoles, useUsers } from "./use_identity";

/** The users, then the invitations, then the roles. */
export function Users() {
  const text = useTexts(settingsTexts);
  const users = useUsers();
  const roles = useRoles();
  const failed = [users, roles].find(({ error }) => error);
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <Panel title={text("users.title")}>
        {failed && <Failure error={failed.error} retry={() => void failed.refetch()} />}
        {!failed && (!users.data || !roles.data) && <Skeleton variant="rounded" height={120} />}
        {users.data && roles.data && <UserList users={users.data} roles={roles.data} />}
      </Panel>
      {roles.data && <Invitations roles={roles.data} />}
      <Roles />
    </Box>
  );
}

function UserList({ users, roles }: { readonly users: readonly User[]; readonly roles: readonly Role[] }) {
  const text = useTexts(settingsTexts);
  const service = useIdentityService();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const [doomed, setDoomed] = useState<User>();
  const options = {
    onError: tellError,
    onSettled: async () => {
      setDoomed(undefined);
      await queries.invalidateQueries({ queryKey: ["users"] });
    },
  };
  const setRole = useMutation({
    ...options,
    mutationFn: ({ user, role }: { user: User; role: string }) =>
      service.updateUser({ user: { name: user.name, role }, updateMask: { paths: ["role"] } }),
    onSuccess: (_, { user }) => {
      tell(text("users.role.done", { name: calledOf(user) }));
    },
  });
  const setState = useMutation({
    ...options,
    mutationFn: (user: User) =>
      user.state === UserState.DEACTIVATED ? service.reactivateUser({ name: user.name }) : service.deactivateUser({ name: user.name }),
    onSuccess: (_, user) => {
      tell(text(user.state === UserState.DEACTIVATED ? "users.reactivated" : "users.deactivated", { name: calledOf(user) }));
    },
  });
  return (
    <Box component="ul" aria-label={text("users.title")} sx={{ listStyle: "none", m: 0, p: 0 }}>
      {users.map((user) => (
        <UserRow
          key={user.name}
          user={user}
          roles={roles}
          setRole={(role) => {
            setRole.mutate({ user, role });
          }}
          toggle={() => {
            if (user.state === UserState.DEACTIVATED) setState.mutate(user);
            else setDoomed(user);
          }}
        />
      ))}
      <Ask
        isOpen={doomed !== undefined}
        title={text("users.deactivate.title", { name: doomed ? calledOf(doomed) : "" })}
        text={text("users.deactivate.text")}
        action={text("users.deactivate")}
        isBusy={setState.isPending}
        cancel={() => {
          setDoomed(undefined);
        }}
        confirm={() => {
          if (doomed) setState.mutate(doomed);
        }}
      />
    </Box>
  );
}

interface UserRowProps {
  readonly user: User;
  readonly roles: readonly Role[];
  readonly setRole: (role: string) => void;
  readonly toggle: () => void;
}

function UserRow({ user, roles, setRole, toggle }: UserRowProps) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const { session } = useSession();
  const isYou = session !== undefined && subjectOf(session.tokens) === user.name;
  const isOut = user.state === UserState.DEACTIVATED;
  return (
    <Box
      component="li"
      sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1.5, py: 1.5, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}
    >
      <Box sx={{ flex: "1 1 200px", minWidth: 0 }}>
        <Typography variant="body2" dir="auto" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
          {calledOf(user)} {isYou && `(${text("users.you")})`}
        </Typography>
        <Typography variant="caption" color="textSecondary" component="div" sx={{ overflowWrap: "anywhere" }}>
          {user.email} · {text("users.last", { time: user.lastLogInTime ? formats.ago(dateOf(user.lastLogInTime)) : text("never") })}
        </Typography>
        <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.5, mt: 0.5 }}>
          {isOut && <Chip size="small" color="error" variant="outlined" label={text("users.out")} />}
          {!user.emailVerified && <Chip size="small" variant="outlined" label={text("users.unverified")} />}
          {user.secondFactorEnabled && <Chip size="small" color="success" variant="outlined" label={text("users.factor")} />}
        </Box>
      </Box>
      <Choice
        label={text("users.role.of", { name: calledOf(user) })}
        isLabelHidden
        value={user.role}
        choices={roles.map(({ name, displayName }) => [name, displayName])}
        change={setRole}
        sx={{ minWidth: 130 }}
      />
      <Button size="small" color={isOut ? "primary" : "error"} disabled={isYou} onClick={toggle}>
        {text(isOut ? "users.reactivate" : "users.deactivate")}
      </Button>
    </Box>
  );
}

function calledOf({ displayName, email }: User): string {
  return displayName || email;
}

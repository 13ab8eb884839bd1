/** Who is invited, and inviting. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { InvitationState, type Role } from "leadline-sdk/contract/identity";
import { type SyntheticEvent, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { Failure } from "@/common/failure";
import { Choice, TextInput } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { settingsTexts } from "./texts";
import { useIdentityService, useInvitations } from "./use_identity";

const USUAL_ROLE = "roles/sales";

/** A form, and below it the invitations, the newest first. */
export function Invitations({ roles }: { readonly roles: readonly Role[] }) {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const service = useIdentityService();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const { data, error, refetch } = useInvitations();
  const revoke = useMutation({
    mutationFn: (name: string) => service.revokeInvitation({ name }),
    onSuccess: () => {
      tell(text("invitations.revoked"));
    },
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  return (
    <Panel title={text("invitations.title")}>
      <InviteForm roles={roles} />
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data?.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {text("invitations.empty")}
        </Typography>
      )}
      <Box component="ul" aria-label={text("invitations.title")} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {data?.map(({ name, email, role, state, expireTime }) => (
          <Box component="li" key={name} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1.5, py: 1.25, borderTop: 1, borderColor: "divider" }}>
            <Box sx={{ flex: "1 1 200px", minWidth: 0 }}>
              <Typography variant="body2" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
                {email}
              </Typography>
              <Typography variant="caption" color="textSecondary">
                {roles.find((known) => known.name === role)?.displayName}
                {expireTime && ` · ${text("invitations.until", { time: formats.day(dateOf(expireTime)) })}`}
              </Typography>
            </Box>
            <Chip size="small" variant="outlined" label={text(`invitation.${state as 1 | 2 | 3 | 4}`)} />
            {state === InvitationState.PENDING && (
              <Button
                size="small"
                onClick={() => {
                  revoke.mutate(name);
                }}
              >
                {text("invitations.revoke")}
              </Button>
            )}
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

function InviteForm({ roles }: { readonly roles: readonly Role[] }) {
  const text = useTexts(settingsTexts);
  const errorText = useErrorText();
  const service = useIdentityService();
  const queries = useQueryClient();
  const { tell } = useNotice();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState(USUAL_ROLE);
  const invite = useMutation({
    mutationFn: () => service.createInvitation({ invitation: { email: email.trim(), role } }),
    onSuccess: () => {
      tell(text("users.invited", { email: email.trim() }));
      setEmail("");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    invite.mutate();
  };
  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 1.5, mb: 2, gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "minmax(0,1fr) 160px auto" } }}>
      <TextInput size="small" type="email" label={text("users.invite.email")} isRequired value={email} change={setEmail} />
      <Choice label={text("users.invite.role")} value={role} choices={roles.map(({ name, displayName }) => [name, displayName])} change={setRole} />
      <Button type="submit" variant="contained" loading={invite.isPending}>
        {text("users.invite")}
      </Button>
      {invite.error && (
        <Alert severity="error" sx={{ gridColumn: "1 / -1" }}>
          {errorText(invite.error)}
        </Alert>
      )}
    </Box>
  );
}

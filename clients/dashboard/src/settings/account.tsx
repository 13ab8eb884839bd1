/** The user's own: password, second factor, sessions. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useMutation } from "@tanstack/react-query";
import { AuthenticationService } from "leadline-sdk/contract/authentication_service";
import { type SyntheticEvent, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { TextInput } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { useClient, useSession } from "@/session/session_context";
import { useTexts } from "@/text/language";

import { SecondFactor } from "./second_factor";
import { Sessions } from "./sessions";
import { settingsTexts } from "./texts";

/** What people change about themselves. */
export function Account() {
  const text = useTexts(settingsTexts);
  const { session } = useSession();
  if (!session?.tokens.refreshToken) return <Alert severity="info">{text("pasted")}</Alert>;
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <Sessions />
      <SecondFactor />
      <Password />
    </Box>
  );
}

function Password() {
  const text = useTexts(settingsTexts);
  const errorText = useErrorText();
  const service = useClient().service(AuthenticationService);
  const { tell } = useNotice();
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const change = useMutation({
    mutationFn: () => service.changePassword({ currentPassword: current, newPassword: wanted }),
    onSuccess: () => {
      setCurrent("");
      setWanted("");
      tell(text("password.done"));
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Panel title={text("password.title")}>
      <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2, maxWidth: 420, gridTemplateColumns: "minmax(0,1fr)" }}>
        {change.error && <Alert severity="error">{errorText(change.error)}</Alert>}
        <TextInput type="password" label={text("password.current")} autoComplete="current-password" isRequired value={current} change={setCurrent} />
        <TextInput
          type="password"
          label={text("password.new")}
          autoComplete="new-password"
          isRequired
          help={text("password.help")}
          value={wanted}
          change={setWanted}
        />
        <Button type="submit" variant="outlined" loading={change.isPending} sx={{ justifySelf: "start" }}>
          {text("password.change")}
        </Button>
      </Box>
    </Panel>
  );
}

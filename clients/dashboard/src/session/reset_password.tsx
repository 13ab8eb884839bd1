/** The page for a forgotten password: without a token it asks for a message, with the token of one it sets a new one. */
import Typography from "@mui/material/Typography";
import { useState } from "react";

import { TextInput } from "@/common/fields";
import { useTexts } from "@/text/language";

import { MailLinkForm, useLinkToken } from "./mail_link";
import { authentication, publicClient } from "./session";
import { entryTexts } from "./texts";

/** First the address, then, from the message, the password. */
export function ResetPassword() {
  const token = useLinkToken();
  return token ? <SetPassword token={token} /> : <RequestMessage />;
}

function RequestMessage() {
  const text = useTexts(entryTexts);
  const [email, setEmail] = useState("");
  const request = async () => (await authentication(publicClient())).requestPasswordReset({ email: email.trim() });
  return (
    <MailLinkForm title={text("reset.title")} action={text("reset.send")} done={text("reset.sent")} perform={request}>
      <Typography variant="body2">{text("reset.request")}</Typography>
      <TextInput type="email" label={text("reset.email")} autoComplete="username" isRequired hasFocus value={email} change={setEmail} />
    </MailLinkForm>
  );
}

function SetPassword({ token }: { readonly token: string }) {
  const text = useTexts(entryTexts);
  const [password, setPassword] = useState("");
  const reset = async () => (await authentication(publicClient())).resetPassword({ token, newPassword: password });
  return (
    <MailLinkForm title={text("reset.title")} action={text("reset.action")} done={text("reset.done")} perform={reset}>
      <TextInput
        type="password"
        label={text("reset.password")}
        autoComplete="new-password"
        isRequired
        hasFocus
        help={text("reset.password.help")}
        value={password}
        change={setPassword}
      />
    </MailLinkForm>
  );
}

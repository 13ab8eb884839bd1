/** The page to which the message leads that asks to verify an e-mail address. */
import Typography from "@mui/material/Typography";

import { useTexts } from "@/text/language";

import { MailLinkForm, useLinkToken } from "./mail_link";
import { authentication, publicClient } from "./session";
import { entryTexts } from "./texts";

/** Asks for a click: programs that look at links in mail must not use the token up. */
export function VerifyEmail() {
  const text = useTexts(entryTexts);
  const token = useLinkToken();
  const verify = async () => (await authentication(publicClient())).verifyEmail({ token });
  return (
    <MailLinkForm title={text("verify.title")} action={text("verify.action")} done={text("verify.done")} perform={token ? verify : undefined}>
      <Typography variant="body2">{text("verify.text")}</Typography>
    </MailLinkForm>
  );
}

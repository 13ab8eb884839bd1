/** The page to which an invitation leads: a name and a password, and one is in. */
import { useRouter } from "next/navigation";
import { useState } from "react";

import { TextInput } from "@/common/fields";
import { useTexts } from "@/text/language";

import { MailLinkForm, useLinkToken } from "./mail_link";
import { authentication, publicClient, tokensOf } from "./session";
import { useSession } from "./session_context";
import { entryTexts } from "./texts";

/** Makes the account and logs in. */
export function AcceptInvitation() {
  const text = useTexts(entryTexts);
  const token = useLinkToken();
  const { begin } = useSession();
  const router = useRouter();
  const [displayName, setDisplayName] = useState("");
  const [password, setPassword] = useState("");
  const accept = async (): Promise<void> => {
    const service = await authentication(publicClient());
    begin(tokensOf(await service.acceptInvitation({ token, displayName: displayName.trim(), password })));
    router.replace("/");
  };
  return (
    <MailLinkForm title={text("accept.title")} action={text("accept.action")} done={text("accept.action")} perform={token ? accept : undefined}>
      <TextInput label={text("accept.name")} autoComplete="name" isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      <TextInput
        type="password"
        label={text("accept.password")}
        autoComplete="new-password"
        isRequired
        help={text("reset.password.help")}
        value={password}
        change={setPassword}
      />
    </MailLinkForm>
  );
}

/** What the pages share to which messages lead: a form with the message's token, and what came of it. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import NextLink from "next/link";
import { type ReactNode, type SyntheticEvent, useEffect, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { useTexts } from "@/text/language";

import { EntryFrame } from "./entry_frame";
import { entryTexts } from "./texts";

/** Gives the token behind the number sign of the address, and takes it out of there: it counts once, and is a secret. */
export function useLinkToken(): string {
  const [token] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "");
  useEffect(() => {
    // Nor does the router keep it, in what it notes of the address.
    if (window.location.hash) window.history.replaceState(undefined, "", window.location.pathname);
  }, []);
  return token;
}

interface MailLinkFormProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  /** What is said once it is done. */
  readonly done: string;
  /** Undefined where something is missing, so that nothing can be done. */
  readonly perform: (() => Promise<unknown>) | undefined;
  readonly children: ReactNode;
}

/** A form that is sent once. */
export function MailLinkForm({ title, action, done, perform, children }: MailLinkFormProps) {
  const text = useTexts(entryTexts);
  const errorText = useErrorText();
  const send = useMutation({ mutationFn: async () => perform?.() });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    send.mutate();
  };
  const back = (
    <Button component={NextLink} prefetch={false} href="/log-in/" size="small">
      {text("toLogIn")}
    </Button>
  );
  return (
    <EntryFrame ways={back}>
      <Stack component="form" spacing={2} onSubmit={submit}>
        <Typography variant="h2">{title}</Typography>
        {!perform && <Alert severity="warning">{text("noToken")}</Alert>}
        {send.error && <Alert severity="error">{errorText(send.error)}</Alert>}
        {send.isSuccess && <Alert severity="success">{done}</Alert>}
        {perform && !send.isSuccess && (
          <>
            {children}
            <Button type="submit" variant="contained" size="large" loading={send.isPending}>
              {action}
            </Button>
          </>
        )}
        {send.isSuccess && (
          <Button component={NextLink} prefetch={false} href="/" variant="outlined">
            {text("onward")}
          </Button>
        )}
      </Stack>
    </EntryFrame>
  );
}

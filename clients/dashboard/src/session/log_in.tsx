/** The log-in: by e-mail and password, with a second factor where there is one, or with a token. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import NextLink from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { type SyntheticEvent, useEffect, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { TextInput } from "@/common/fields";
import { isStoragePersistent } from "@/common/storage";
import { useLanguage } from "@/text/language";

import { EntryFrame } from "./entry_frame";
import { authentication, pastedTokens, publicClient, tokensOf } from "./session";
import { useSession } from "./session_context";

/** The page on which people log in. Afterwards they are where they wanted to go. */
export function LogIn() {
  const { t } = useLanguage();
  const { session, hasExpired } = useSession();
  const router = useRouter();
  const target = useSearchParams().get("next") ?? "/";
  const [way, setWay] = useState<"password" | "token">("password");

  useEffect(() => {
    // Only a path of our own: an address of somebody else must not be reached by a link to our log-in.
    if (session) router.replace(/^\/(?![/\\])/.test(target) ? target : "/");
  }, [session, router, target]);

  const notices = (
    <>
      {hasExpired && <Alert severity="info">{t("logIn.expired")}</Alert>}
      {!isStoragePersistent() && <Alert severity="warning">{t("logIn.memory")}</Alert>}
    </>
  );
  const ways = (
    <>
      <Link component={NextLink} prefetch={false} href="/reset-password/" variant="body2">
        {t("logIn.forgotten")}
      </Link>
      <Link
        component="button"
        variant="body2"
        onClick={() => {
          setWay(way === "password" ? "token" : "password");
        }}
      >
        {t(way === "password" ? "logIn.withToken" : "logIn.withPassword")}
      </Link>
    </>
  );
  return (
    <EntryFrame notices={notices} ways={ways}>
      {way === "password" ? <PasswordForm /> : <TokenForm />}
    </EntryFrame>
  );
}

function PasswordForm() {
  const { t } = useLanguage();
  const { begin } = useSession();
  const errorText = useErrorText();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [challenge, setChallenge] = useState<string>();
  const [code, setCode] = useState("");
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);

  const logIn = async (): Promise<void> => {
    const service = await authentication(publicClient());
    if (challenge !== undefined) {
      begin(tokensOf(await service.verifySecondFactor({ challenge, code: code.trim() })));
      return;
    }
    const { result } = await service.logIn({ email: email.trim(), password });
    if (result.case === "tokens") begin(tokensOf(result.value));
    if (result.case === "secondFactorRequired") setChallenge(result.value.challenge);
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    setIsBusy(true);
    setError(undefined);
    logIn()
      .catch(setError)
      .finally(() => {
        setIsBusy(false);
      });
  };

  return (
    <Stack component="form" spacing={2} onSubmit={submit} noValidate={false}>
      <Typography variant="h2">{t(challenge === undefined ? "logIn.title" : "logIn.code.title")}</Typography>
      {error !== undefined && <Alert severity="error">{errorText(error)}</Alert>}
      {challenge === undefined ? (
        <>
          <TextInput
            label={t("logIn.email")}
            type="email"
            autoComplete="username"
            isRequired
            hasFocus
            value={email}
            change={setEmail}
          />
          <TextInput
            label={t("logIn.password")}
            type="password"
            autoComplete="current-password"
            isRequired
            value={password}
            change={setPassword}
          />
        </>
      ) : (
        <TextInput
          label={t("logIn.code")}
          autoComplete="one-time-code"
          isRequired
          hasFocus
          value={code}
          change={setCode}
        />
      )}
      <Button type="submit" variant="contained" size="large" loading={isBusy}>
        {t(challenge === undefined ? "logIn.submit" : "logIn.code.submit")}
      </Button>
    </Stack>
  );
}

function TokenForm() {
  const { t } = useLanguage();
  const { begin } = useSession();
  const [text, setText] = useState("");
  const [isRefused, setIsRefused] = useState(false);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const tokens = pastedTokens(text);
    setIsRefused(tokens === undefined);
    if (tokens) begin(tokens);
  };
  return (
    <Stack component="form" spacing={2} onSubmit={submit}>
      <Typography variant="h2">{t("logIn.token")}</Typography>
      <TextInput
        label={t("logIn.token")}
        help={isRefused ? t("logIn.token.bad") : t("logIn.token.hint")}
        isWrong={isRefused}
        lines={3}
        isRequired
        hasFocus
        value={text}
        input={{ spellCheck: false, autoCapitalize: "off" }}
        change={setText}
      />
      <Button type="submit" variant="contained" size="large">
        {t("logIn.submit")}
      </Button>
    </Stack>
  );
}

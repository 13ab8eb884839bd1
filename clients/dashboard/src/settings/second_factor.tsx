/** Setting up the second factor: password, QR code, first code, recovery codes. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { AuthenticationService, type EnrolSecondFactorResponse } from "leadline-sdk/contract/authentication_service";
import { type SyntheticEvent, useMemo, useState } from "react";
import { encode } from "uqr";

import { useErrorText } from "@/common/error_text";
import { TextInput } from "@/common/fields";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { useClient, useSession } from "@/session/session_context";
import { useTexts } from "@/text/language";

import { SecretDialog } from "./secret_dialog";
import { settingsTexts } from "./texts";

/** On or off, and the way to the other. */
export function SecondFactor() {
  const text = useTexts(settingsTexts);
  const errorText = useErrorText();
  const service = useClient().service(AuthenticationService);
  const { session } = useSession();
  const { tell } = useNotice();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [enrolment, setEnrolment] = useState<EnrolSecondFactorResponse>();
  const [recoveryCodes, setRecoveryCodes] = useState<readonly string[]>([]);
  const [isOn, setIsOn] = useState(session?.tokens.hasSecondFactor ?? false);
  const step = useMutation({
    mutationFn: async () => {
      if (isOn) {
        await service.disableSecondFactor({ password, code: code.trim() });
        setIsOn(false);
        tell(text("factor.disabled"));
      } else if (enrolment) {
        setRecoveryCodes((await service.confirmSecondFactor({ code: code.trim() })).recoveryCodes);
        setEnrolment(undefined);
        setIsOn(true);
      } else {
        setEnrolment(await service.enrolSecondFactor({ password }));
        setCode("");
        return;
      }
      setPassword("");
      setCode("");
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    step.mutate();
  };
  return (
    <Panel title={text("factor.title")}>
      <Typography variant="body2" color="textSecondary" sx={{ mb: 2 }}>
        {text(isOn ? "factor.on" : "factor.off")}
      </Typography>
      <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2, maxWidth: 420, gridTemplateColumns: "minmax(0,1fr)" }}>
        {step.error && <Alert severity="error">{errorText(step.error)}</Alert>}
        {enrolment ? (
          <>
            <Typography variant="body2">{text("factor.scan")}</Typography>
            <QrCode content={enrolment.provisioningUri} label={text("factor.qr")} />
            <Box component="code" data-secret sx={{ overflowWrap: "anywhere", userSelect: "all" }}>
              {enrolment.secret}
            </Box>
          </>
        ) : (
          <TextInput type="password" label={text("factor.password")} autoComplete="current-password" isRequired value={password} change={setPassword} />
        )}
        {(isOn || enrolment) && (
          <TextInput label={text("factor.code")} autoComplete="one-time-code" isRequired value={code} change={setCode} input={{ inputMode: "numeric" }} />
        )}
        <Button type="submit" variant="outlined" color={isOn ? "error" : "primary"} loading={step.isPending} sx={{ justifySelf: "start" }}>
          {text(isOn ? "factor.disable" : enrolment ? "factor.confirm" : "factor.begin")}
        </Button>
      </Box>
      <SecretDialog
        secrets={recoveryCodes}
        title={text("factor.recovery")}
        text={text("factor.recovery.text")}
        close={() => {
          setRecoveryCodes([]);
        }}
      />
    </Panel>
  );
}

/** Drawn here: what it holds goes nowhere. Dark on light in every colour scheme, since not all apps read the reverse. */
function QrCode({ content, label }: { readonly content: string; readonly label: string }) {
  const { data, size } = useMemo(() => encode(content, { border: 2 }), [content]);
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <Box component="svg" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" sx={{ width: 200, height: 200, borderRadius: 2 }}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </Box>
  );
}

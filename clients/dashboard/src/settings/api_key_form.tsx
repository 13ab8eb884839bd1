/** A new API key: what it is for, what it may do, until when. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControlLabel from "@mui/material/FormControlLabel";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { Permission } from "leadline-sdk/contract/permission";
import { type SyntheticEvent, useId, useMemo, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { Choice, TextInput } from "@/common/fields";
import { scopesOf } from "@/session/session";
import { useSession } from "@/session/session_context";
import { timeFrom } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { permissionsOf, permissionWords } from "./permissions";
import { settingsTexts } from "./texts";
import { useIdentityService } from "./use_identity";

const DAYS = ["90", "30", "365", "0"] as const;
const MS_A_DAY = 86_400_000;
/** What most programs need, and little more. */
const USUAL = [Permission.LEADS_READ, Permission.LEADS_WRITE, Permission.EVENTS_WRITE, Permission.SCORES_READ];

interface ApiKeyFormProps {
  readonly close: () => void;
  /** Called with the secret. */
  readonly done: (secret: string) => void;
}

/** Offers what whoever is logged in may do; a key can't do more. */
export function ApiKeyForm({ close, done }: ApiKeyFormProps) {
  const { t } = useLanguage();
  const text = useTexts(settingsTexts);
  const errorText = useErrorText();
  const service = useIdentityService();
  const { session } = useSession();
  const id = useId();
  const held = useMemo(() => permissionsOf(session ? scopesOf(session.tokens) : []), [session]);
  const [displayName, setDisplayName] = useState("");
  const [chosen, setChosen] = useState<readonly Permission[]>(() => USUAL.filter((permission) => held.includes(permission)));
  const [days, setDays] = useState<string>(DAYS[0]);
  const create = useMutation({
    mutationFn: () => {
      const expiry = days === "0" ? {} : { expireTime: timeFrom(new Date(Date.now() + Number(days) * MS_A_DAY)) };
      return service.createApiKey({ apiKey: { displayName: displayName.trim(), permissions: [...chosen], ...expiry } });
    },
    onSuccess: ({ secret }) => {
      done(secret);
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog open onClose={close} fullWidth maxWidth="sm" aria-labelledby={id} slotProps={{ paper: { component: "form", onSubmit: submit } }}>
      <DialogTitle id={id}>{text("keys.new")}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0,1fr)" }}>
        <TextInput label={text("keys.name")} isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} sx={{ mt: 1 }} />
        <Choice
          label={text("keys.until")}
          size="medium"
          value={days}
          choices={DAYS.map((choice) => [choice, choice === "0" ? text("keys.until.0") : text("keys.until.days", { days: choice })])}
          change={setDays}
        />
        <Box role="group" aria-label={text("keys.may")}>
          <Typography variant="h3">{text("keys.may")}</Typography>
          <Box sx={{ display: "grid", gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "repeat(2, minmax(0,1fr))" } }}>
            {held.map((permission) => (
              <FormControlLabel
                key={permission}
                label={permissionWords(permission)}
                control={
                  <Checkbox
                    size="small"
                    checked={chosen.includes(permission)}
                    onChange={(event) => {
                      setChosen(event.target.checked ? [...chosen, permission] : chosen.filter((other) => other !== permission));
                    }}
                  />
                }
              />
            ))}
          </Box>
        </Box>
        {create.error && <Alert severity="error">{errorText(create.error)}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button type="submit" variant="contained" loading={create.isPending} disabled={chosen.length === 0}>
          {text("keys.create")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

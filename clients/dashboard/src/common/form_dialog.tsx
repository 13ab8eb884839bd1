/** A form that is filled in before the page. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { type ReactNode, type SyntheticEvent, useId } from "react";

import { useLanguage } from "@/text/language";

import { useErrorText } from "./error_text";

interface FormDialogProps {
  readonly title: string;
  /** What the button says that does it. */
  readonly action: string;
  readonly isBusy: boolean;
  readonly isReady?: boolean;
  /** What went wrong the last time; undefined or null if nothing. */
  readonly error: unknown;
  readonly close: () => void;
  readonly submit: () => void;
  readonly children: ReactNode;
}

/** Fields below each other; what is wrong is said below them. */
export function FormDialog({ title, action, isBusy, isReady = true, error, close, submit, children }: FormDialogProps) {
  const { t } = useLanguage();
  const errorText = useErrorText();
  const id = useId();
  const send = (event: SyntheticEvent): void => {
    event.preventDefault();
    submit();
  };
  return (
    <Dialog open onClose={close} fullWidth maxWidth="sm" aria-labelledby={id} slotProps={{ paper: { component: "form", onSubmit: send } }}>
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent sx={{ display: "grid", gap: 2, gridTemplateColumns: "minmax(0,1fr)", "& > :first-of-type": { mt: 1 } }}>
        {children}
        {error !== undefined && error !== null && <Alert severity="error">{errorText(error)}</Alert>}
      </DialogContent>
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button type="submit" variant="contained" loading={isBusy} disabled={!isReady}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

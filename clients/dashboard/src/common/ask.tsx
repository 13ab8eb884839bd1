/** A question before something of consequence. */
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";

import { useLanguage } from "@/text/language";

interface AskProps {
  readonly isOpen: boolean;
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly action: string;
  /** Whether what is lost can't be had back. */
  readonly isDangerous?: boolean;
  readonly isBusy: boolean;
  readonly cancel: () => void;
  readonly confirm: () => void;
}

/** Asks, and does nothing before the answer. */
export function Ask({ isOpen, title, text, action, isDangerous = true, isBusy, cancel, confirm }: AskProps) {
  const { t } = useLanguage();
  const id = useId();
  return (
    <Dialog open={isOpen} onClose={cancel} aria-labelledby={id}>
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent>
        <DialogContentText>{text}</DialogContentText>
      </DialogContent>
      <DialogActions>
        <Button onClick={cancel}>{t("common.cancel")}</Button>
        <Button variant="contained" color={isDangerous ? "error" : "primary"} loading={isBusy} onClick={confirm}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

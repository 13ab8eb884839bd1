/** A secret that is shown once. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import { useId } from "react";

import { useCopy } from "@/common/copying";
import { CopyIcon } from "@/common/icons";
import { useLanguage, useTexts } from "@/text/language";

import { settingsTexts } from "./texts";

interface SecretDialogProps {
  /** Several are shown a line each; empty closes the dialog. */
  readonly secrets: readonly string[];
  readonly title?: string;
  readonly text?: string;
  readonly close: () => void;
}

/** Stays until it is closed on purpose. */
export function SecretDialog({ secrets, title, text: explanation, close }: SecretDialogProps) {
  const text = useTexts(settingsTexts);
  const { t } = useLanguage();
  const copy = useCopy();
  const id = useId();
  return (
    <Dialog open={secrets.length > 0} aria-labelledby={id} fullWidth maxWidth="sm">
      <DialogTitle id={id}>{title ?? text("secret.title")}</DialogTitle>
      <DialogContent>
        <DialogContentText>{explanation ?? text("secret.text")}</DialogContentText>
        <Box
          component="pre"
          data-secret
          tabIndex={0}
          sx={{ p: 2, mt: 2, mb: 0, borderRadius: 2, bgcolor: "action.hover", whiteSpace: "pre-wrap", overflowWrap: "anywhere", userSelect: "all" }}
        >
          {secrets.join("\n")}
        </Box>
      </DialogContent>
      <DialogActions>
        <Button
          startIcon={<CopyIcon />}
          onClick={() => {
            copy(secrets.join("\n"));
          }}
        >
          {t("common.copy")}
        </Button>
        <Button variant="contained" onClick={close}>
          {t("common.close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** A notice as it is shown. */
import Alert from "@mui/material/Alert";
import Snackbar from "@mui/material/Snackbar";

import { type Notice } from "./notice";

const SHOWN_MS = 6_000;

interface NoticeBarProps {
  readonly notice: Notice;
  readonly isOpen: boolean;
  readonly close: () => void;
}

/** Goes away by itself; read out by screen readers. */
export function NoticeBar({ notice, isOpen, close }: NoticeBarProps) {
  return (
    <Snackbar open={isOpen} autoHideDuration={SHOWN_MS} onClose={close} anchorOrigin={{ vertical: "bottom", horizontal: "center" }}>
      <Alert severity={notice.severity} variant="filled" onClose={close}>
        {notice.text}
      </Alert>
    </Snackbar>
  );
}

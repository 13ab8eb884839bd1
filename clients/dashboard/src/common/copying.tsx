/** Copying to the clipboard. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";

import { useLanguage } from "@/text/language";

import { CopyIcon } from "./icons";
import { useNotice } from "./notice";

/** Gives a function that copies, and tells whether it worked. */
export function useCopy(): (text: string) => void {
  const { t } = useLanguage();
  const { tell } = useNotice();
  return (text) => {
    // Only pages of a secure origin have a clipboard, and a browser may refuse it there, too.
    const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
    const copied = clipboard ? clipboard.writeText(text) : Promise.reject(new Error("no clipboard"));
    copied.then(
      () => {
        tell(t("common.copied"));
      },
      () => {
        tell(t("common.copy.failed"));
      },
    );
  };
}

interface CopyBlockProps {
  readonly text: string;
  /** What it is, for those who can't see it. */
  readonly label: string;
}

/** Something to be put elsewhere as it is. */
export function CopyBlock({ text, label }: CopyBlockProps) {
  const { t } = useLanguage();
  const copy = useCopy();
  return (
    <Box sx={{ display: "grid", gap: 0.5, justifyItems: "end", gridTemplateColumns: "minmax(0,1fr)" }}>
      <Box
        component="pre"
        role="group"
        aria-label={label}
        tabIndex={0}
        dir="ltr"
        sx={{ width: "100%", boxSizing: "border-box", m: 0, p: 1.5, borderRadius: 2, fontSize: "0.8rem", bgcolor: "action.hover", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
      >
        {text}
      </Box>
      <Button
        size="small"
        startIcon={<CopyIcon />}
        aria-label={`${t("common.copy")}: ${label}`}
        onClick={() => {
          copy(text);
        }}
      >
        {t("common.copy")}
      </Button>
    </Box>
  );
}

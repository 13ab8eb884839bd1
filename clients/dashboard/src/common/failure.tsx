/** An error in words, where a part of a page should be. */
import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";

import { useLanguage } from "@/text/language";

import { useErrorText } from "./error_text";

/** Says what went wrong and offers to try again. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const { t } = useLanguage();
  const errorText = useErrorText();
  return (
    <Alert
      severity="error"
      action={
        retry && (
          <Button color="inherit" size="small" onClick={retry}>
            {t("common.retry")}
          </Button>
        )
      }
    >
      <AlertTitle>{t("error.title")}</AlertTitle>
      {errorText(error)}
    </Alert>
  );
}

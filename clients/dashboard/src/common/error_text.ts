/** Errors in words, by what one would do about them. */
import { LeadlineError } from "leadline-sdk";
import { useCallback } from "react";

import { useLanguage } from "@/text/language";
import { type TextKey } from "@/text/texts";
import { en } from "@/text/en";

/** Gives a function that says an error in words. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useLanguage();
  return useCallback(
    (error: unknown) => {
      if (!(error instanceof LeadlineError)) return t("error.other", { message: String(error) });
      if (error.fieldViolations.length > 0) {
        return error.fieldViolations.map(({ field, description }) => [field, description].filter(Boolean).join(": ")).join("; ");
      }
      const { metadata } = error;
      const values = {
        message: error.message || error.name,
        permission: metadata.permission ?? "",
        request: metadata.request_id ?? error.message,
        converted: metadata.converted ?? "0",
        lost: metadata.lost ?? "0",
        needed: metadata.needed_of_each ?? "",
      };
      const key = [`error.${error.reason}`, `error.${error.name}`].find((name): name is TextKey => name in en);
      return t(key ?? "error.other", values);
    },
    [t],
  );
}

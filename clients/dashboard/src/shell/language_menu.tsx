/** The choice of the language. */
import { Choice } from "@/common/fields";
import { useLanguage } from "@/text/language";
import { type Language, LANGUAGES } from "@/text/texts";

const NAMES = Object.keys(LANGUAGES) as Language[];

/** The languages by their short names. */
export function LanguageMenu() {
  const { t, language, choose } = useLanguage();
  return (
    <Choice
      label={t("nav.language")}
      isLabelHidden
      value={language}
      choices={NAMES.map((name) => [name, LANGUAGES[name]])}
      change={choose}
      sx={{ "& fieldset": { border: 0 }, "& select": { py: 1, fontSize: "0.85rem", color: "text.secondary" } }}
    />
  );
}

/** The language that is shown, and what is written in it: texts, numbers, dates. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

import { readSetting, writeSetting } from "@/common/storage";

import { en } from "./en";
import { formatsOf, type Formats } from "./formats";
import { type Language, LANGUAGES, type Texts, type Translate } from "./texts";
import { type PartTexts, type TextValues, written } from "./translating";

interface LanguageValue {
  readonly language: Language;
  readonly choose: (language: Language) => void;
  readonly t: Translate;
  readonly formats: Formats;
}

const LanguageContext = createContext<LanguageValue | undefined>(undefined);
const SETTING = "language";

function preferred(): Language {
  const wanted = [readSetting(SETTING) ?? "", ...navigator.languages].map((tag) => tag.slice(0, 2));
  return wanted.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

/** Gives what is inside the language that was chosen, or the browser's. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const [texts, setTexts] = useState<Texts>(en);
  useEffect(() => {
    document.documentElement.lang = language;
    if (language === "en") {
      setTexts(en);
      return;
    }
    let isCurrent = true;
    void import("./de").then(({ de }) => {
      if (isCurrent) setTexts(de);
    });
    return () => {
      isCurrent = false;
    };
  }, [language]);
  const value = useMemo<LanguageValue>(() => {
    const formats = formatsOf(language);
    const t: Translate = (key, values) => written(texts, formats, key, values);
    const choose = (chosen: Language): void => {
      writeSetting(SETTING, chosen);
      setLanguage(chosen);
    };
    return { language, choose, t, formats };
  }, [language, texts]);
  return <LanguageContext value={value}>{children}</LanguageContext>;
}

/** Gives the language and what is written in it. */
export function useLanguage(): LanguageValue {
  const value = useContext(LanguageContext);
  if (!value) throw new Error("outside of LanguageProvider");
  return value;
}

/** Gives a function that writes the texts of a part of the application. */
export function useTexts<Key extends string>(texts: PartTexts<Key>): (key: Key, values?: TextValues) => string {
  const { language, formats } = useLanguage();
  return useCallback((key, values) => written(texts[language], formats, key, values), [texts, language, formats]);
}

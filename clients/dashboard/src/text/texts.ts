/** What a language must have. */
import { type en } from "./en";
import { type TextValues } from "./translating";

/** The name of a text. */
export type TextKey = keyof typeof en;
/** All texts that any page may need. */
export type Texts = Readonly<Record<TextKey, string>>;
/** The languages that there are. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
/** The name of a language. */
export type Language = keyof typeof LANGUAGES;
/** Writes a text: see `written`. */
export type Translate = (key: TextKey, values?: TextValues) => string;

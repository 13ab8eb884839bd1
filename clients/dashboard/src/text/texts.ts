/** What a language must have. */
import { type en } from "./en";

/** The name of a text. */
export type TextKey = keyof typeof en;
/** All texts of a language. */
export type Texts = Readonly<Record<TextKey, string>>;
/** The languages that there are. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
/** The name of a language. */
export type Language = keyof typeof LANGUAGES;
/**
 * Gives a text, with values in place of its `{names}`; a number is written as the language writes it. Where `count` is a
 * number of which the language speaks in the singular, the text of that name with `.one` behind it is given, if there is one.
 */
export type Translate = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

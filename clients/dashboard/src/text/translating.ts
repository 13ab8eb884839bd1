/** From the name of a text to the text. */
import { type Formats } from "./formats";
import { type Language } from "./texts";

/** What stands in place of the `{names}` of a text. */
export type TextValues = Readonly<Record<string, string | number>>;

/** Texts of one part of the application, in every language. They come with that part, so that others load less. */
export type PartTexts<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>;

/** Gives the texts of a part; each language must have the same ones. */
export function partTexts<const English extends Readonly<Record<string, string>>>(
  en: English,
  de: Readonly<Record<keyof English, string>>,
): PartTexts<keyof English & string> {
  return { en, de };
}

/**
 * Writes a text, with values in place of its `{names}`; a number is written as the language writes it. Where `count` is
 * a number of which the language speaks in the singular, the text of that name with `.one` behind it is taken, if there
 * is one.
 */
export function written<Key extends string>(
  texts: Readonly<Record<Key, string>>,
  formats: Formats,
  key: Key,
  values: TextValues = {},
): string {
  const one = `${key}.one` as Key;
  const isOne = typeof values.count === "number" && one in texts && formats.isOne(values.count);
  return texts[isOne ? one : key].replace(/\{(\w+)\}/g, (hole: string, name: string) => {
    const value = values[name] ?? hole;
    return typeof value === "number" ? formats.count(value) : value;
  });
}

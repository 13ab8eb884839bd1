/** What each column of a file is: a value of the lead's own, a custom field, or nothing. */
import { type FieldKind } from "leadline-sdk";

import { isBoolean, numberOf, timeOf } from "./cells";
import { type Table } from "./reading";

/** Values of a lead that have a place of their own. */
export const ATTRIBUTES = ["displayName", "email", "company", "phone", "owner", "externalId", "outcome", "received"] as const;
/** Kinds of custom fields. */
export const KINDS = ["category", "number", "boolean", "date", "text"] as const satisfies readonly FieldKind[];

export type Attribute = (typeof ATTRIBUTES)[number];
/** What a column is used as. */
export type Use = Attribute | FieldKind | "ignore";

/** The most that a category may be long. */
const LONGEST_CATEGORY = 256;
const LARGEST_SHARE_OF_MISTAKES = 0.05;
const WORDS_OF_A_TEXT = 4;

const NAMES: Readonly<Record<Attribute, RegExp>> = {
  displayName: /^(display|full|contact|lead|customer)?[ _-]?name$|^kontakt$/i,
  email: /^(e-?mail|mail)([ _-]?(address|adresse))?$/i,
  company: /^(company|organi[sz]ation|account|firma|unternehmen)([ _-]?name)?$/i,
  phone: /^(phone|telephone|mobile|telefon)([ _-]?(number|nummer))?$/i,
  owner: /^((lead[ _-]?)?owner|sales[ _-]?rep|zuständig)$/i,
  externalId: /^((external|lead|prospect|contact|record)[ _-]?)?id$/i,
  outcome: /^(converted|conversion|outcome|won|status|gewonnen|y|target)$/i,
  received: /^(received|created|create[ _-]?date|created[ _-]?at|date|eingang|erstellt)([ _-]?(time|date|at|am))?$/i,
};

/** Gives what the columns most likely are. Each value of the lead's own is taken once, by the first column that fits. */
export function guessedUses({ columns, rows }: Table): Use[] {
  const taken = new Set<Attribute>();
  return columns.map((column, place) => {
    const attribute = ATTRIBUTES.find((name) => NAMES[name].test(column) && !taken.has(name));
    const answers = answersOf(rows, place);
    if (attribute && fits(attribute, answers)) {
      taken.add(attribute);
      return attribute;
    }
    return kindOf(answers) ?? "ignore";
  });
}

/** Gives the cells of a column that hold something. */
export function answersOf(rows: Table["rows"], place: number): string[] {
  return rows.map((cells) => cells[place]?.trim() ?? "").filter((cell) => cell !== "");
}

function fits(attribute: Attribute, answers: readonly string[]): boolean {
  if (attribute === "received") return answers.every((answer) => timeOf(answer) !== undefined);
  if (attribute === "externalId") return new Set(answers).size === answers.length;
  return attribute !== "outcome" || new Set(answers).size <= 20;
}

/** Gives the kind of a column; undefined if no cell holds anything. A few mistakes are refused later, with their rows. */
export function kindOf(answers: readonly string[]): FieldKind | undefined {
  if (answers.length === 0) return undefined;
  if (answers.every(isBoolean)) return "boolean";
  const mostMistakes = Math.max(1, answers.length * LARGEST_SHARE_OF_MISTAKES);
  const isMostly = (test: (answer: string) => boolean): boolean => {
    const count = answers.filter(test).length;
    return count === answers.length || (count > 1 && answers.length - count <= mostMistakes);
  };
  if (isMostly((answer) => numberOf(answer) !== undefined)) return "number";
  if (isMostly((answer) => timeOf(answer) !== undefined)) return "date";
  const words = answers.reduce((sum, answer) => sum + answer.split(" ").length, 0);
  const isMostlyDistinct = new Set(answers).size > answers.length / 2;
  const isLong = answers.filter((answer) => answer.length > LONGEST_CATEGORY).length > mostMistakes;
  return isLong || (isMostlyDistinct && words > WORDS_OF_A_TEXT * answers.length) ? "text" : "category";
}

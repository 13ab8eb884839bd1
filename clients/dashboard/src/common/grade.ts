/** Grades and names of leads, as they are shown. */
import { Grade, type Lead, type Score } from "leadline-sdk";

export const GRADES = ["A", "B", "C", "D", "none"] as const;
/** A grade as it is shown; `none` where it is withheld. */
export type GradeLetter = (typeof GRADES)[number];

const LETTERS: Readonly<Record<number, GradeLetter>> = {
  [Grade.A]: "A",
  [Grade.B]: "B",
  [Grade.C]: "C",
  [Grade.D]: "D",
};

/** Gives the grade of a score; `none` where it is withheld or there is no score. */
export function gradeOf(score: Score | undefined): GradeLetter {
  return (score && LETTERS[score.grade]) ?? "none";
}

/** Gives what to call a lead: the best that is known of it. */
export function nameOf(lead: Lead): string {
  return lead.displayName || lead.company || lead.email || lead.externalId || lead.name.slice(-12);
}

/** Gives the address of a lead's page. */
export function leadHref(name: string): string {
  return `/lead/?id=${encodeURIComponent(name.replace(/^leads\//, ""))}`;
}

/** Gives one or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toUpperCase() ?? "")
    .join("");
}

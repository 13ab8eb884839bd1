/** What the text of a cell means. */

const NUMBER = /^[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i;
const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?$/;
const YES = new Set(["yes", "y", "true", "ja"]);
const NO = new Set(["no", "n", "false", "nein"]);

/** Gives the number in a cell; undefined if it holds none. */
export function numberOf(cell: string): number | undefined {
  return NUMBER.test(cell) ? Number(cell) : undefined;
}

/** Tells whether a cell says yes or no. */
export function isBoolean(cell: string): boolean {
  return booleanOf(cell) !== undefined;
}

/** Gives yes or no; undefined if a cell says neither. */
export function booleanOf(cell: string): boolean | undefined {
  const word = cell.toLowerCase();
  if (YES.has(word)) return true;
  return NO.has(word) ? false : undefined;
}

/** Gives the point in time in a cell, in UTC unless it says otherwise; undefined if it holds none. */
export function timeOf(cell: string): Date | undefined {
  if (!TIME.test(cell)) return undefined;
  const isDay = cell.length === 10;
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(cell.slice(10));
  const time = new Date(cell.replace(" ", "T").replace(" ", "") + (isDay || hasZone ? "" : "Z"));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Several values in one field. */

/** Gives what stands on each line; empty ones are left out. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

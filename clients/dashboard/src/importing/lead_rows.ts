/** From the rows of a table to leads that can be imported, and the rows that can't be read. */
import { type FieldValue, LeadStatus, toFieldValue } from "leadline-sdk";

import { type ContractTime, timeFrom } from "@/text/formats";

import { booleanOf, numberOf, timeOf } from "./cells";
import { type Attribute, type Use } from "./columns";
import { type Table } from "./reading";

/** Between rows of a file that tells no times: their order is their time, and the last one is of now. */
const ROW_SPACING_MS = 60_000;
/** The header is the first line. */
const FIRST_LINE = 2;
const CONVERTED = new Set(["1", "1.0", "yes", "y", "true", "converted", "won"]);
const LOST = new Set(["0", "0.0", "no", "n", "false", "lost"]);

/** A row that was not taken. */
export interface Refusal {
  /** From 1, the header's. */
  readonly line: number;
  readonly reason: string;
}

/** How the columns are to be read. */
export interface Mapping {
  readonly uses: readonly Use[];
  /** The answer of the outcome that means converted, all others then meaning lost; undefined for the usual words. */
  readonly converted: string | undefined;
}

/** The words for why a row can't be read. */
export interface RowTexts {
  readonly cells: (found: number, expected: number) => string;
  readonly kind: (column: string, cell: string) => string;
  readonly outcome: (cell: string) => string;
}

/** Tells whether an answer is one of the usual words for converted or lost. */
export function isUsualOutcome(answer: string): boolean {
  const word = answer.toLowerCase();
  return CONVERTED.has(word) || LOST.has(word);
}

/** A lead as a row tells it. */
export type NewLead = Partial<Record<Exclude<Attribute, "outcome" | "received">, string>> & {
  status: LeadStatus;
  fields: Record<string, FieldValue>;
  receivedTime?: ContractTime;
};

/**
 * Gives the rows as leads, each with its line. Those that can't be read are told to `refuse` and left out.
 *
 * @param now When the import began: its last row is of this time if the file tells no times.
 */
export function* leadRows(table: Table, mapping: Mapping, texts: RowTexts, refuse: (refusal: Refusal) => void, now: number): Generator<readonly [number, NewLead]> {
  const isTimeTold = mapping.uses.includes("received");
  for (const [place, cells] of table.rows.entries()) {
    const line = place + FIRST_LINE;
    try {
      const lead = leadOf(table, cells, mapping, texts);
      if (!isTimeTold) lead.receivedTime = timeFrom(new Date(now - (table.rows.length - 1 - place) * ROW_SPACING_MS));
      yield [line, lead];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refuse({ line, reason: error.message });
    }
  }
}

function leadOf({ columns }: Table, cells: readonly string[], { uses, converted }: Mapping, texts: RowTexts): NewLead {
  if (cells.length !== columns.length) throw new RangeError(texts.cells(cells.length, columns.length));
  const lead: NewLead = { status: LeadStatus.OPEN, fields: {} };
  for (const [place, use] of uses.entries()) {
    const cell = cells[place]?.trim() ?? "";
    const column = columns[place] ?? "";
    if (cell === "" || use === "ignore") continue;
    switch (use) {
      case "outcome":
        lead.status = statusOf(cell, converted, texts);
        break;
      case "received":
        lead.receivedTime = timeFrom(required(timeOf(cell), texts.kind(column, cell)));
        break;
      case "number":
        lead.fields[column] = toFieldValue(required(numberOf(cell), texts.kind(column, cell)));
        break;
      case "boolean":
        lead.fields[column] = toFieldValue(required(booleanOf(cell), texts.kind(column, cell)));
        break;
      case "date":
        lead.fields[column] = toFieldValue(required(timeOf(cell), texts.kind(column, cell)));
        break;
      case "category":
      case "text":
        lead.fields[column] = toFieldValue(cell, use);
        break;
      default:
        lead[use] = cell;
    }
  }
  return lead;
}

function statusOf(cell: string, converted: string | undefined, texts: RowTexts): LeadStatus {
  const word = cell.toLowerCase();
  if (converted !== undefined) return cell === converted ? LeadStatus.CONVERTED : LeadStatus.LOST;
  if (CONVERTED.has(word)) return LeadStatus.CONVERTED;
  if (LOST.has(word)) return LeadStatus.LOST;
  throw new RangeError(texts.outcome(cell));
}

function required<Value>(value: Value | undefined, reason: string): Value {
  if (value === undefined) throw new RangeError(reason);
  return value;
}

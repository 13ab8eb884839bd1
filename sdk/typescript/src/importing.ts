/**
 * How an import is sent: as a row of short streams. Each is kept in memory until Leadline has answered it, so one that
 * was cut off is sent again as it was, under the same keys, whatever the rows come from; memory stays constant however
 * many rows there are, and progress tells what is stored rather than what was sent.
 */
import { create, isMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

import { type Lead, LeadSchema } from "../gen/leadline/v1/lead_pb.js";
import {
  type DuplicatePolicy,
  type ImportLeadsRequest,
  ImportLeadsRequestSchema,
  type ImportLeadsResponse,
  type ImportRow,
  ImportRowSchema,
} from "../gen/leadline/v1/lead_service_pb.js";
import { batched, type Items } from "./batches.js";
import { errorFromStatus, type LeadlineError } from "./errors.js";

/** A row to import: a lead (its line number is its place, from 1), or an `ImportRow`. */
export type ImportableRow = ImportRow | MessageInitShape<typeof LeadSchema>;

const MOST_ROWS = 2_000;
const BATCHES_A_STREAM = 5;
const MOST_REFUSED_ROWS = 1_000;

/** A row that was not taken. */
export interface RefusedRow {
  /** The row's line in its file, from 1. */
  readonly lineNumber: number;
  /** Why. */
  readonly error: LeadlineError;
}

/** What became of an import so far, and in the end. */
export class ImportResult {
  /** Rows stored as new leads. */
  createdCount = 0;
  /** Rows that replaced a stored lead. */
  replacedCount = 0;
  /** Rows skipped since their lead is stored already. */
  duplicateCount = 0;
  /** Rows that were refused. */
  refusedCount = 0;
  /** The refused rows with the reason, in order; the first 1,000. */
  readonly refusedRows: RefusedRow[] = [];

  /** @param idempotencyKey The import's key: the same rows sent again under it within a day are not stored twice. */
  constructor(readonly idempotencyKey: string) {}

  /** All rows that Leadline has answered for. */
  get rowCount(): number {
    return this.createdCount + this.replacedCount + this.duplicateCount + this.refusedCount;
  }

  /** Counts in the answer to one stream. */
  add(response: ImportLeadsResponse): void {
    this.createdCount += Number(response.createdCount);
    this.replacedCount += Number(response.replacedCount);
    this.duplicateCount += Number(response.duplicateCount);
    this.refusedCount += Number(response.refusedCount);
    for (const { lineNumber, status } of response.refusedRows.slice(0, MOST_REFUSED_ROWS - this.refusedRows.length)) {
      if (status) this.refusedRows.push({ lineNumber: Number(lineNumber), error: errorFromStatus(status) });
    }
  }
}

/**
 * Cuts rows into streams, always in the same way. The key of a stream is the import's with the stream's place, so each
 * stream is an import of its own by the contract.
 */
export async function* importStreams(
  rows: Items<ImportableRow>,
  idempotencyKey: string,
  duplicatePolicy: DuplicatePolicy,
): AsyncGenerator<ImportLeadsRequest[]> {
  let stream: ImportLeadsRequest[] = [];
  let place = 0;
  for await (const batch of batched(numbered(rows), ({ size }) => size, MOST_ROWS)) {
    const sequenceNumber = place % BATCHES_A_STREAM;
    if (sequenceNumber === 0 && stream.length > 0) {
      yield stream;
      stream = [];
    }
    stream.push(
      create(ImportLeadsRequestSchema, {
        idempotencyKey: `${idempotencyKey}.${Math.floor(place / BATCHES_A_STREAM)}`,
        sequenceNumber: BigInt(sequenceNumber),
        duplicatePolicy,
        rows: batch.map(({ row }) => row),
      }),
    );
    place += 1;
  }
  if (stream.length > 0) yield stream;
}

async function* numbered(rows: Items<ImportableRow>): AsyncGenerator<{ row: ImportRow; size: number }> {
  let place = 0n;
  for await (const given of rows) {
    place += 1n;
    const row = isMessage(given, ImportRowSchema) ? given : rowOf(given, place);
    yield { row, size: toBinary(ImportRowSchema, row).length };
  }
}

function rowOf(lead: Lead | MessageInitShape<typeof LeadSchema>, lineNumber: bigint): ImportRow {
  return create(ImportRowSchema, { lineNumber, lead });
}

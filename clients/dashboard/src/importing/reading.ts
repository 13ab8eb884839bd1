/** From a file that somebody chose to a table. */
import Papa from "papaparse";

/** A browser holds the whole file; larger ones are for the command line. */
export const MOST_BYTES = 100 * 1024 * 1024;

/** A file with a header and rows. */
export interface Table {
  readonly fileName: string;
  readonly columns: readonly string[];
  /** The cells below the header; a row may have more or fewer of them than there are columns. */
  readonly rows: readonly (readonly string[])[];
}

/** Why a file can't be read. */
export type Unreadable = "tooLarge" | "workbook" | "binary" | "encoding" | "empty" | "noRows" | "columns";

/** The file can't be read; `why` names the text that says so. */
export class UnreadableFile extends Error {
  constructor(readonly why: Unreadable) {
    super(why);
  }
}

/** In which characters a file is written. */
export type Encoding = "utf-8" | "windows-1252";

/**
 * Reads a file of values that are separated by a comma, a semicolon, a tab or a bar, which is found by itself.
 *
 * @param encoding UTF-16 is told by its first bytes, whatever is said here.
 * @throws UnreadableFile
 */
export async function readTable(file: File, encoding: Encoding): Promise<Table> {
  if (file.size > MOST_BYTES) throw new UnreadableFile("tooLarge");
  const text = decoded(new Uint8Array(await file.arrayBuffer()), encoding);
  const [header, ...rows] = Papa.parse<string[]>(text, { skipEmptyLines: "greedy" }).data;
  if (!header) throw new UnreadableFile("empty");
  if (rows.length === 0) throw new UnreadableFile("noRows");
  const columns = header.map((name) => name.trim());
  if (columns.includes("") || new Set(columns).size < columns.length) throw new UnreadableFile("columns");
  return { fileName: file.name, columns, rows };
}

function decoded(bytes: Uint8Array, encoding: Encoding): string {
  const begins = (...signature: number[]): boolean => signature.every((byte, place) => bytes[place] === byte);
  if (begins(0x50, 0x4b, 0x03, 0x04) || begins(0xd0, 0xcf, 0x11, 0xe0)) throw new UnreadableFile("workbook");
  if (begins(0xff, 0xfe)) return new TextDecoder("utf-16le").decode(bytes);
  if (begins(0xfe, 0xff)) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.includes(0)) throw new UnreadableFile("binary");
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    // The decoder tells by a TypeError that the bytes are not text in this encoding.
    if (error instanceof TypeError) throw new UnreadableFile("encoding");
    throw error;
  }
}

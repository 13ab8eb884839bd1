/** Conversion between JavaScript values and the values of custom fields and event properties. */
import { create, isMessage } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";

import { type FieldValue, FieldValueSchema } from "../gen/leadline/v1/value_pb.js";

/** The kinds that a field's value can have; the kind decides how a model uses the field. */
export type FieldKind = "number" | "category" | "boolean" | "date" | "text";
/** What a field can hold, as JavaScript has it. */
export type PlainValue = number | string | boolean | Date;

export const LONGEST_CATEGORY = 256;
export const LONGEST_TEXT = 16_384;

/**
 * Gives a JavaScript value as the value of a custom field or of an event's property: a boolean, a number, a date, and
 * for a string a category of up to 256 characters or a text. A `FieldValue` is given back as it is.
 *
 * @param value What is known. A field without an answer is left out of the lead.
 * @param kind `text` or `category` to say what a string is; the other kinds are told by the value's type alone.
 * @throws RangeError The number is not finite, the date is none, or the text is empty or too long for its kind.
 * @throws TypeError `kind` does not fit the value.
 */
export function toFieldValue(value: PlainValue | FieldValue, kind?: FieldKind): FieldValue {
  if (typeof value === "object" && isMessage(value, FieldValueSchema)) return value;
  const found = create(FieldValueSchema, { kind: kindOf(value, kind) });
  if (kind !== undefined && found.kind.case !== kind) throw new TypeError(`${String(value)} is not a ${kind}`);
  return found;
}

function kindOf(value: PlainValue, kind: FieldKind | undefined): FieldValue["kind"] {
  if (typeof value === "boolean") return { case: "boolean", value };
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
    return { case: "number", value };
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new RangeError("the date is not a point in time");
    return { case: "date", value: timestampFromDate(value) };
  }
  if (value === "") throw new RangeError("an empty text is no answer: leave the field out");
  // Characters are counted as the contract counts them, by code points.
  const length = Array.from(value).length;
  const isCategory = kind === "category" || (kind === undefined && length <= LONGEST_CATEGORY);
  const limit = isCategory ? LONGEST_CATEGORY : LONGEST_TEXT;
  if (length > limit) {
    throw new RangeError(`${length} characters are too many: a ${isCategory ? "category" : "text"} has at most ${limit}`);
  }
  return isCategory ? { case: "category", value } : { case: "text", value };
}

/**
 * Gives an object of JavaScript values as custom fields; null and undefined are left out.
 *
 * @throws RangeError A value can't be held; the message names its field.
 */
export function toFields(
  values: Readonly<Record<string, PlainValue | FieldValue | null | undefined>>,
): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    try {
      fields[name] = toFieldValue(value);
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`${name}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return fields;
}

/** Gives the value of a field: the reverse of `toFieldValue`; undefined if it holds nothing that is known here. */
export function fromFieldValue({ kind }: FieldValue): PlainValue | undefined {
  return kind.case === "date" ? timestampDate(kind.value) : kind.value;
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromFieldValue, toFields, toFieldValue, VERSION } from "../src/index.js";

test("values keep their kind on the way there and back", () => {
  for (const value of [4.5, true, "Google", new Date(1_700_000_000_000), "x".repeat(257)]) {
    assert.deepEqual(fromFieldValue(toFieldValue(value)), value);
  }
  assert.equal(toFieldValue("x".repeat(257)).kind.case, "text");
  assert.equal(toFieldValue("note", "text").kind.case, "text");
  assert.equal(toFieldValue("😀".repeat(256)).kind.case, "category");
});

test("what no field can hold is refused, and the field is named", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "", "x".repeat(16_385), new Date(Number.NaN)]) {
    assert.throws(() => toFieldValue(value), RangeError);
  }
  assert.throws(() => toFieldValue(3, "category"), TypeError);
  assert.throws(() => toFields({ Visits: Number.NaN }), /^RangeError: Visits: NaN is not/);
  assert.deepEqual(Object.keys(toFields({ a: null, b: undefined, c: 1 })), ["c"]);
});

test("the version is the package's", () => {
  const metadata = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.equal(VERSION, metadata.version);
});

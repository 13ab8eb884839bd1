/** An import while it runs, and what came of it. */
import { useQueryClient } from "@tanstack/react-query";
import { DuplicatePolicy, type ImportResult } from "leadline-sdk";
import { useEffect, useRef, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { leadRows, type Mapping, type NewLead, type Refusal } from "./lead_rows";
import { type Table } from "./reading";

/** So many refused rows are shown. */
export const MOST_REFUSALS = 100;

/** What became of the rows so far, and in the end. */
export interface Outcome {
  readonly createdCount: number;
  readonly replacedCount: number;
  readonly duplicateCount: number;
  readonly refusedCount: number;
  /** In the order of the lines; the first 100. */
  readonly refusals: readonly Refusal[];
}

/** An import that may run. */
export interface Import {
  readonly state: "ready" | "running" | "cancelled" | "failed" | "done";
  readonly outcome: Outcome | undefined;
  readonly error: unknown;
  readonly start: (table: Table, mapping: Mapping, replace: boolean) => void;
  readonly cancel: () => void;
}

/** Gives an import, which stops when the page is left. */
export function useImport(): Import {
  const client = useClient();
  const queries = useQueryClient();
  const { t } = useLanguage();
  const errorText = useErrorText();
  const [state, setState] = useState<Import["state"]>("ready");
  const [outcome, setOutcome] = useState<Outcome>();
  const [error, setError] = useState<unknown>();
  const controller = useRef(new AbortController());
  useEffect(
    () => () => {
      controller.current.abort();
    },
    [],
  );

  const run = async (table: Table, mapping: Mapping, replace: boolean, signal: AbortSignal): Promise<void> => {
    const unread: Refusal[] = [];
    /** The lines of the rows that are sent: Leadline tells refused ones by their place among them. */
    const lines: number[] = [];
    const texts = {
      cells: (found: number, expected: number) => t("import.row.cells", { found, expected }),
      kind: (column: string, cell: string) => t("import.row.kind", { column, cell }),
      outcome: (cell: string) => t("import.row.outcome", { cell }),
    };
    const refuse = (refusal: Refusal): void => {
      unread.push(refusal);
    };
    function* sent(): Generator<NewLead> {
      for (const [line, lead] of leadRows(table, mapping, texts, refuse, Date.now())) {
        lines.push(line);
        yield lead;
      }
    }
    const progress = (soFar: ImportResult): void => {
      const refused = soFar.refusedRows.map(({ lineNumber, error: reason }) => ({
        line: lines[lineNumber - 1] ?? lineNumber,
        reason: errorText(reason),
      }));
      setOutcome({
        createdCount: soFar.createdCount,
        replacedCount: soFar.replacedCount,
        duplicateCount: soFar.duplicateCount,
        refusedCount: soFar.refusedCount + unread.length,
        refusals: [...unread, ...refused].sort((left, right) => left.line - right.line).slice(0, MOST_REFUSALS),
      });
    };
    const duplicatePolicy = replace ? DuplicatePolicy.REPLACE : DuplicatePolicy.SKIP;
    progress(await client.importLeads(sent(), { duplicatePolicy, progress, signal }));
  };

  const start = (table: Table, mapping: Mapping, replace: boolean): void => {
    controller.current = new AbortController();
    const { signal } = controller.current;
    setState("running");
    setOutcome(undefined);
    setError(undefined);
    run(table, mapping, replace, signal)
      .then(
        () => {
          setState("done");
        },
        (thrown: unknown) => {
          setState(signal.aborted ? "cancelled" : "failed");
          setError(thrown);
        },
      )
      .finally(() => void queries.invalidateQueries());
  };
  return {
    state,
    outcome,
    error,
    start,
    cancel: () => {
      controller.current.abort();
    },
  };
}

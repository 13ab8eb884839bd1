/** Bringing in leads: a file, what its columns are, and the import itself. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import Typography from "@mui/material/Typography";
import { useState } from "react";

import { Choice } from "@/common/fields";
import { Failure } from "@/common/failure";
import { useLanguage } from "@/text/language";

import { ColumnList } from "./column_list";
import { answersOf, guessedUses, type Use } from "./columns";
import { DropZone } from "./drop_zone";
import { ImportOutcome } from "./import_outcome";
import { isUsualOutcome } from "./lead_rows";
import { type Encoding, readTable, type Table, UnreadableFile } from "./reading";
import { useImport } from "./use_import";

/** The page on which leads come in. */
export function ImportView() {
  const { t } = useLanguage();
  const [file, setFile] = useState<File>();
  const [table, setTable] = useState<Table>();
  const [failure, setFailure] = useState<unknown>();
  const read = (chosen: File, encoding: Encoding): void => {
    setFile(chosen);
    setTable(undefined);
    setFailure(undefined);
    readTable(chosen, encoding).then(setTable, setFailure);
  };
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 }, maxWidth: 980 }}>
      <Box>
        <Typography variant="h1">{t("import.title")}</Typography>
        <Typography variant="body2" color="textSecondary">
          {t("import.subtitle")}
        </Typography>
      </Box>
      {failure instanceof UnreadableFile && (
        <Alert
          severity="error"
          action={
            failure.why === "encoding" &&
            file && (
              <Button
                color="inherit"
                size="small"
                onClick={() => {
                  read(file, "windows-1252");
                }}
              >
                {t("import.readAsWestern")}
              </Button>
            )
          }
        >
          {t(`import.unreadable.${failure.why}`)}
        </Alert>
      )}
      {failure !== undefined && !(failure instanceof UnreadableFile) && <Failure error={failure} />}
      {table ? (
        <Chosen
          key={`${table.fileName} ${String(table.rows.length)}`}
          table={table}
          forget={() => {
            setTable(undefined);
          }}
        />
      ) : (
        <DropZone
          choose={(chosen) => {
            read(chosen, "utf-8");
          }}
        />
      )}
    </Box>
  );
}

function Chosen({ table, forget }: { readonly table: Table; readonly forget: () => void }) {
  const { t } = useLanguage();
  const importing = useImport();
  const [uses, setUses] = useState<readonly Use[]>(() => guessedUses(table));
  const [converted, setConverted] = useState<string>();
  const [replace, setReplace] = useState(false);
  const outcome = uses.indexOf("outcome");
  const answers = outcome < 0 ? [] : [...new Set(answersOf(table.rows, outcome))].sort();
  const isAsked = outcome >= 0 && !answers.every(isUsualOutcome);
  const isRunning = importing.state === "running";
  const hasBegun = isRunning || importing.state === "done";
  return (
    <>
      <Card sx={{ p: 2, display: "flex", flexWrap: "wrap", gap: 2, alignItems: "center" }}>
        <Typography noWrap dir="auto" sx={{ fontWeight: 600, flex: "1 1 160px", minWidth: 0 }}>
          {table.fileName}
        </Typography>
        <Button disabled={isRunning} onClick={forget}>
          {t("import.other")}
        </Button>
        <Button
          variant="contained"
          disabled={hasBegun || (isAsked && converted === undefined)}
          onClick={() => {
            importing.start(table, { uses, converted: isAsked ? converted : undefined }, replace);
          }}
        >
          {t("import.start", { count: table.rows.length })}
        </Button>
      </Card>
      <ImportOutcome importing={importing} rowCount={table.rows.length} />
      {outcome < 0 && <Alert severity="info">{t("import.noOutcome")}</Alert>}
      {isAsked && (
        <Choice
          label={t("import.converted")}
          value={converted ?? ""}
          isDisabled={hasBegun}
          size="medium"
          choices={[["", "–"], ...answers.map((answer) => [answer, answer] as const)]}
          change={(answer: string) => {
            setConverted(answer === "" ? undefined : answer);
          }}
        />
      )}
      <ColumnList table={table} uses={uses} change={setUses} isDisabled={hasBegun} />
      {uses.includes("externalId") && (
        <FormControlLabel
          label={t("import.replace")}
          control={
            <Switch
              checked={replace}
              disabled={hasBegun}
              onChange={(event) => {
                setReplace(event.target.checked);
              }}
            />
          }
        />
      )}
    </>
  );
}

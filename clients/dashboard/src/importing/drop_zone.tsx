/** Where a file is dropped or chosen. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import { type DragEvent, useRef, useState } from "react";

import { EmptyState } from "@/common/empty_state";
import { ImportIcon } from "@/common/icons";
import { useLanguage } from "@/text/language";

/** @param choose Called with the file. */
export function DropZone({ choose }: { readonly choose: (file: File) => void }) {
  const { t } = useLanguage();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const take = (files: FileList | null): void => {
    const file = files?.[0];
    if (file) choose(file);
  };
  const over = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(true);
  };
  return (
    <Card
      sx={{ borderStyle: "dashed", borderWidth: 2, borderColor: isOver ? "primary.main" : "divider", bgcolor: isOver ? "action.hover" : undefined }}
      onDragEnter={over}
      onDragOver={over}
      onDragLeave={() => {
        setIsOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <EmptyState
        icon={<ImportIcon />}
        title={t("import.drop")}
        text={t("import.drop.text")}
        action={
          <Button variant="contained" onClick={() => input.current?.click()}>
            {t("import.choose")}
          </Button>
        }
      />
      <Box
        component="input"
        ref={input}
        type="file"
        accept=".csv,.tsv,.txt,text/csv"
        aria-label={t("import.choose")}
        tabIndex={-1}
        sx={{ display: "none" }}
        onChange={(event) => {
          take(event.target.files);
        }}
      />
    </Card>
  );
}

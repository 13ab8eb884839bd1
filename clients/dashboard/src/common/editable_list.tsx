/** Things that an organization has some of: listed, made, changed and deleted in one panel. */
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { useMutation, type UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { useLanguage } from "@/text/language";

import { Ask } from "./ask";
import { PlusIcon } from "./icons";
import { Listing } from "./listing";
import { useNotice } from "./notice";
import { Panel } from "./panel";
import { Row } from "./rows";

interface EditableListProps<Item> {
  readonly title: string;
  /** What they are good for. */
  readonly text: string;
  readonly empty: string;
  /** What the button says that makes one. */
  readonly begin: string;
  readonly list: UseQueryResult<Item[]>;
  /** How one is called. */
  readonly calledOf: (item: Item) => string;
  readonly detailsOf: (item: Item) => readonly ReactNode[];
  /** Shown in place of what can be done with one that stays as it is; undefined for the others. */
  readonly fixedSign?: (item: Item) => ReactNode;
  readonly below?: (item: Item) => ReactNode;
  /** The form for one that is stored, or for a new one. */
  readonly form: (stored: Item | undefined, close: () => void) => ReactNode;
  /** Whether one can be changed; else it is only made and deleted. */
  readonly canChange?: boolean;
  readonly remove: (item: Item) => Promise<unknown>;
  readonly removal: { readonly title: (name: string) => string; readonly text: string; readonly done: (name: string) => string };
}

/** A list with a button for a new one; deleting asks first. */
export function EditableList<Item extends { readonly name: string }>(props: EditableListProps<Item>) {
  const { title, text, empty, begin, list, calledOf, detailsOf, fixedSign, below, form, canChange = true, remove, removal } = props;
  const { t } = useLanguage();
  const { tell, tellError } = useNotice();
  const [written, setWritten] = useState<Item | "new">();
  const [doomed, setDoomed] = useState<Item>();
  const deletion = useMutation({
    mutationFn: remove,
    onSuccess: (_, item) => {
      tell(removal.done(calledOf(item)));
    },
    onError: tellError,
    onSettled: () => {
      setDoomed(undefined);
      void list.refetch();
    },
  });
  const close = (): void => {
    setWritten(undefined);
    void list.refetch();
  };
  const actions = (item: Item) => (
    <>
      {canChange && (
        <Button
          size="small"
          onClick={() => {
            setWritten(item);
          }}
        >
          {t("common.edit")}
        </Button>
      )}
      <Button
        size="small"
        color="error"
        onClick={() => {
          setDoomed(item);
        }}
      >
        {t("common.delete")}
      </Button>
    </>
  );
  const beginButton = (
    <Button
      size="small"
      variant="contained"
      startIcon={<PlusIcon />}
      onClick={() => {
        setWritten("new");
      }}
    >
      {begin}
    </Button>
  );
  return (
    <Panel title={title} action={beginButton}>
      <Typography variant="body2" color="textSecondary">
        {text}
      </Typography>
      <Listing
        label={title}
        empty={empty}
        list={list}
        row={(item) => (
          <Row key={item.name} title={calledOf(item)} details={detailsOf(item)} below={below?.(item)}>
            {fixedSign?.(item) ?? actions(item)}
          </Row>
        )}
      />
      {written && form(written === "new" ? undefined : written, close)}
      <Ask
        isOpen={doomed !== undefined}
        title={doomed ? removal.title(calledOf(doomed)) : ""}
        text={removal.text}
        action={t("common.delete")}
        isBusy={deletion.isPending}
        cancel={() => {
          setDoomed(undefined);
        }}
        confirm={() => {
          if (doomed) deletion.mutate(doomed);
        }}
      />
    </Panel>
  );
}

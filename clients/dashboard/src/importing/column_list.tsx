/** What each column is used as. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useMemo } from "react";

import { Choice, type ChoiceOrGroup } from "@/common/fields";
import { Panel } from "@/common/panel";
import { useLanguage } from "@/text/language";

import { answersOf, type Attribute, ATTRIBUTES, KINDS, type Use } from "./columns";
import { type Table } from "./reading";

const EXAMPLES = 3;
const ROWS_LOOKED_AT = 200;

interface ColumnListProps {
  readonly table: Table;
  readonly uses: readonly Use[];
  readonly change: (uses: readonly Use[]) => void;
  readonly isDisabled: boolean;
}

/** A row for each column with its name, examples and use. A value of the lead's own comes from one column alone. */
export function ColumnList({ table, uses, change, isDisabled }: ColumnListProps) {
  const { t } = useLanguage();
  const examples = useMemo(() => {
    const rows = table.rows.slice(0, ROWS_LOOKED_AT);
    return table.columns.map((_, place) => [...new Set(answersOf(rows, place))].slice(0, EXAMPLES));
  }, [table]);
  const use = (place: number, chosen: Use): void => {
    const isAttribute = ATTRIBUTES.includes(chosen as Attribute);
    change(uses.map((held, other) => (other === place ? chosen : isAttribute && held === chosen ? "ignore" : held)));
  };
  const choices: ChoiceOrGroup<Use>[] = [
    ["ignore", t("import.use.ignore")],
    { group: t("import.group.lead"), choices: ATTRIBUTES.map((name) => [name, t(`import.use.${name}`)]) },
    { group: t("import.group.field"), choices: KINDS.map((kind) => [kind, t(`import.use.${kind}`)]) },
  ];
  return (
    <Panel title={t("import.columns")}>
      <Typography variant="body2" color="textSecondary" sx={{ mb: 1 }}>
        {t("import.columns.text")}
      </Typography>
      <Box component="ul" aria-label={t("import.columns")} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {table.columns.map((column, place) => (
          <Box
            component="li"
            key={column}
            sx={{
              display: "grid",
              gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "minmax(0,1fr) minmax(0,1.4fr) 220px" },
              gap: { xs: 0.5, sm: 2 },
              alignItems: "center",
              py: 1.25,
              borderTop: 1,
              borderColor: "divider",
            }}
          >
            <Typography variant="body2" noWrap dir="auto" title={column} sx={{ fontWeight: 600 }}>
              {column}
            </Typography>
            <Typography variant="caption" color="textSecondary" noWrap dir="auto">
              {examples[place]?.join(" · ")}
            </Typography>
            <Choice
              label={t("import.column.use", { column })}
              isLabelHidden
              value={uses[place] ?? "ignore"}
              isDisabled={isDisabled}
              choices={choices}
              change={(chosen: Use) => {
                use(place, chosen);
              }}
            />
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

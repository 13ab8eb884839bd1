/** What each column is used as. */
import Box from "@mui/material/Box";
import ListSubheader from "@mui/material/ListSubheader";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMemo } from "react";

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
            <TextField
              select
              size="small"
              value={uses[place] ?? "ignore"}
              disabled={isDisabled}
              slotProps={{ select: { SelectDisplayProps: { "aria-label": t("import.column.use", { column }) } } }}
              onChange={(event) => {
                use(place, event.target.value as Use);
              }}
            >
              <MenuItem value="ignore">{t("import.use.ignore")}</MenuItem>
              <ListSubheader>{t("import.group.lead")}</ListSubheader>
              {ATTRIBUTES.map((name) => (
                <MenuItem key={name} value={name}>
                  {t(`import.use.${name}`)}
                </MenuItem>
              ))}
              <ListSubheader>{t("import.group.field")}</ListSubheader>
              {KINDS.map((kind) => (
                <MenuItem key={kind} value={kind}>
                  {t(`import.use.${kind}`)}
                </MenuItem>
              ))}
            </TextField>
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

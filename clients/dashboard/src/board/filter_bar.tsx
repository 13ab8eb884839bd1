/** The filters of the board. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import InputAdornment from "@mui/material/InputAdornment";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useEffect, useState } from "react";

import { SearchIcon } from "@/common/icons";
import { useLanguage } from "@/text/language";

import { type BoardFilters, STATUSES, type StatusFilter } from "./filters";

const TYPING_MS = 200;
const MINIMUMS = [0, 30, 50, 70, 80, 90];

interface FilterBarProps {
  readonly filters: BoardFilters;
  readonly owners: readonly string[];
  readonly isFiltered: boolean;
  readonly change: (changes: Partial<BoardFilters>) => void;
}

/** A row of fields; on a phone, the search is above the others. */
export function FilterBar({ filters, owners, isFiltered, change }: FilterBarProps) {
  const { t } = useLanguage();
  const [search, setSearch] = useState(filters.search);
  useEffect(() => {
    setSearch(filters.search);
  }, [filters.search]);
  useEffect(() => {
    if (search === filters.search) return undefined;
    const timer = setTimeout(() => {
      change({ search });
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [search, filters.search, change]);
  const choices = filters.owner && !owners.includes(filters.owner) ? [filters.owner, ...owners] : owners;
  return (
    <Box
      role="search"
      sx={{
        display: "grid",
        gap: 1.25,
        p: 2,
        gridTemplateColumns: { xs: "1fr 1fr 1fr", sm: "minmax(180px,1fr) 130px 150px 120px auto" },
        alignItems: "center",
      }}
    >
      <TextField
        size="small"
        type="search"
        placeholder={t("board.search")}
        value={search}
        sx={{ gridColumn: { xs: "1 / -1", sm: "auto" } }}
        slotProps={{
          htmlInput: { "aria-label": t("board.search") },
          input: {
            startAdornment: (
              <InputAdornment position="start">
                <SearchIcon fontSize="small" />
              </InputAdornment>
            ),
          },
        }}
        onChange={(event) => {
          setSearch(event.target.value);
        }}
      />
      <TextField
        select
        size="small"
        label={t("board.status")}
        value={filters.status}
        onChange={(event) => {
          change({ status: event.target.value as StatusFilter });
        }}
      >
        {STATUSES.map((status) => (
          <MenuItem key={status} value={status}>
            {t(`board.status.${status}`)}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        size="small"
        label={t("board.owner")}
        value={filters.owner}
        slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
        onChange={(event) => {
          change({ owner: event.target.value });
        }}
      >
        <MenuItem value="">{t("board.owner.any")}</MenuItem>
        {choices.map((owner) => (
          <MenuItem key={owner} value={owner} dir="auto">
            {owner}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        size="small"
        label={t("board.minimum")}
        value={filters.minimum}
        onChange={(event) => {
          change({ minimum: Number(event.target.value) });
        }}
      >
        {[...new Set([...MINIMUMS, filters.minimum])].sort((left, right) => left - right).map((minimum) => (
          <MenuItem key={minimum} value={minimum}>
            {minimum}
          </MenuItem>
        ))}
      </TextField>
      {isFiltered && (
        <Button
          size="small"
          sx={{ whiteSpace: "nowrap", gridColumn: { xs: "1 / -1", sm: "auto" } }}
          onClick={() => {
            change({ search: "", status: "OPEN", grades: [], owner: "", minimum: 0 });
          }}
        >
          {t("board.clear")}
        </Button>
      )}
    </Box>
  );
}

/** The filters of the board. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useEffect, useState } from "react";

import { Choice, TextInput } from "@/common/fields";
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
        gridTemplateColumns: { xs: "1fr 1fr 1fr", sm: "minmax(180px,1fr) 124px 140px 112px auto" },
        alignItems: "center",
      }}
    >
      <TextInput
        size="small"
        type="search"
        label={t("board.search")}
        isLabelHidden
        placeholder={t("board.search.hint")}
        value={search}
        change={setSearch}
        sx={{ gridColumn: { xs: "1 / -1", sm: "auto" } }}
        start={<SearchIcon fontSize="small" sx={{ mr: 1, color: "text.secondary" }} />}
      />
      <Choice
        label={t("board.status")}
        value={filters.status}
        choices={STATUSES.map((status) => [status, t(`board.status.${status}`)])}
        change={(status: StatusFilter) => {
          change({ status });
        }}
      />
      <Choice
        label={t("board.owner")}
        value={filters.owner}
        choices={[["", t("board.owner.any")], ...choices.map((owner) => [owner, owner] as const)]}
        change={(owner: string) => {
          change({ owner });
        }}
      />
      <Choice
        label={t("board.minimum")}
        value={String(filters.minimum)}
        choices={[...new Set([...MINIMUMS, filters.minimum])].sort((left, right) => left - right).map((minimum) => [String(minimum), String(minimum)])}
        change={(minimum) => {
          change({ minimum: Number(minimum) });
        }}
      />
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

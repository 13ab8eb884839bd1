/** The live board: every lead by its score, as it changes. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import Typography from "@mui/material/Typography";
import NextLink from "next/link";
import { useDeferredValue, useMemo } from "react";

import { EmptyState } from "@/common/empty_state";
import { Failure } from "@/common/failure";
import { BoardIcon, ImportIcon } from "@/common/icons";
import { useLanguage } from "@/text/language";

import { FilterBar } from "./filter_bar";
import { fits, serverFilter, useFilters } from "./filters";
import { GradeCards } from "./grade_cards";
import { Hottest } from "./hottest";
import { LeadList } from "./lead_list";
import { Moving } from "./moving";
import { type BoardLead, MOST_LEADS, useLeads } from "./use_leads";

/** The page with all leads. */
export function Board() {
  const { t, formats } = useLanguage();
  const { filters, change } = useFilters();
  const { leads, isLoading, error, reload } = useLeads(serverFilter(filters));
  const search = useDeferredValue(filters.search);

  const all = useMemo(() => [...leads.values()].sort(byScore), [leads]);
  const withoutGrade = useMemo(
    () => all.filter(({ lead }) => fits(lead, { ...filters, search, grades: [] })),
    [all, filters, search],
  );
  const shown = useMemo(
    () => (filters.grades.length > 0 ? withoutGrade.filter(({ lead }) => fits(lead, { ...filters, search })) : withoutGrade),
    [withoutGrade, filters, search],
  );
  const owners = useMemo(() => [...new Set(all.map(({ lead }) => lead.owner).filter(Boolean))].sort(), [all]);
  const isFiltered = serverFilter(filters) !== "status = OPEN" || filters.search !== "" || filters.grades.length > 0;

  return (
    <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 } }}>
      <Box>
        <Typography variant="h1">{t("board.title")}</Typography>
        <Typography color="textSecondary" variant="body2" role="status">
          {isLoading && all.length === 0 ? t("board.loading") : t("board.subtitle", { count: shown.length })}
        </Typography>
      </Box>
      {error !== undefined && <Failure error={error} retry={reload} />}
      <GradeCards
        leads={withoutGrade}
        chosen={filters.grades}
        isLoading={isLoading && all.length === 0}
        choose={(grades) => {
          change({ grades });
        }}
      />
      <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 }, gridTemplateColumns: { xs: "minmax(0,1fr)", lg: "minmax(0,1fr) 330px" } }}>
        <Card sx={{ minWidth: 0, order: { xs: 2, lg: 1 } }}>
          <FilterBar filters={filters} owners={owners} isFiltered={isFiltered} change={change} />
          {shown.length > 0 || isLoading ? (
            <LeadList leads={shown} isLoading={isLoading && shown.length === 0} />
          ) : (
            <Nothing isFiltered={isFiltered} clear={change} />
          )}
          {leads.size >= MOST_LEADS && (
            <Typography variant="caption" color="textSecondary" sx={{ display: "block", p: 2 }}>
              {t("board.limit", { count: formats.count(MOST_LEADS) })}
            </Typography>
          )}
        </Card>
        <Box sx={{ order: { xs: 1, lg: 2 }, display: "grid", gap: { xs: 2, md: 2.5 }, alignContent: "start", minWidth: 0 }}>
          {all.length > 0 && <Hottest leads={all} />}
          <Moving leads={leads} />
        </Box>
      </Box>
    </Box>
  );
}

function Nothing({ isFiltered, clear }: { readonly isFiltered: boolean; readonly clear: ReturnType<typeof useFilters>["change"] }) {
  const { t } = useLanguage();
  if (isFiltered) {
    const clearAll = (): void => {
      clear({ search: "", status: "OPEN", grades: [], owner: "", minimum: 0 });
    };
    const action = <Button onClick={clearAll}>{t("board.clear")}</Button>;
    return <EmptyState icon={<BoardIcon />} title={t("board.none.title")} text={t("board.none.text")} action={action} />;
  }
  return (
    <EmptyState
      icon={<ImportIcon />}
      title={t("board.empty.title")}
      text={t("board.empty.text")}
      action={
        <Button component={NextLink} prefetch={false} href="/import/" variant="contained">
          {t("import.title")}
        </Button>
      }
    />
  );
}

function byScore(left: BoardLead, right: BoardLead): number {
  return (right.lead.score?.probability ?? -1) - (left.lead.score?.probability ?? -1);
}

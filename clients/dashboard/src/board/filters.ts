/** What the board shows: kept in the address, so that a view can be sent to somebody. */
import { type Lead, LeadStatus } from "leadline-sdk";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

import { gradeOf, type GradeLetter, GRADES } from "@/common/grade";

export const STATUSES = ["OPEN", "CONVERTED", "LOST", "ALL"] as const;
/** The leads of a status, or all. */
export type StatusFilter = (typeof STATUSES)[number];

/** What the board shows. */
export interface BoardFilters {
  readonly search: string;
  readonly status: StatusFilter;
  /** Empty for all. */
  readonly grades: readonly GradeLetter[];
  /** Empty for anyone. */
  readonly owner: string;
  /** 0 to 100. */
  readonly minimum: number;
}

/** Reads filters from an address; what is not understood is left out. */
export function parseFilters(parameters: URLSearchParams): BoardFilters {
  const grades = (parameters.get("grade") ?? "").split(",");
  const minimum = Number(parameters.get("min"));
  return {
    search: parameters.get("q") ?? "",
    status: STATUSES.find((status) => status === parameters.get("status")) ?? "OPEN",
    grades: GRADES.filter((grade) => grades.includes(grade)),
    owner: parameters.get("owner") ?? "",
    minimum: Number.isInteger(minimum) && minimum > 0 && minimum <= 100 ? minimum : 0,
  };
}

/** Writes filters as the query of an address; empty if they are the usual ones. */
export function formatFilters({ search, status, grades, owner, minimum }: BoardFilters): string {
  const parameters = new URLSearchParams();
  if (search) parameters.set("q", search);
  if (status !== "OPEN") parameters.set("status", status);
  if (grades.length > 0) parameters.set("grade", grades.join(","));
  if (owner) parameters.set("owner", owner);
  if (minimum > 0) parameters.set("min", String(minimum));
  return parameters.toString();
}

/** Gives the filters of the address and how to change them. */
export function useFilters(): { filters: BoardFilters; change: (changes: Partial<BoardFilters>) => void } {
  const parameters = useSearchParams();
  const router = useRouter();
  const path = usePathname();
  const filters = useMemo(() => parseFilters(parameters), [parameters]);
  const change = useCallback(
    (changes: Partial<BoardFilters>) => {
      const query = formatFilters({ ...filters, ...changes });
      router.replace(query ? `${path}?${query}` : path, { scroll: false });
    },
    [filters, router, path],
  );
  return { filters, change };
}

/** Gives the filter of ListLeads: what the server narrows down. The rest is narrowed down here, as one types. */
export function serverFilter({ status, owner, minimum }: BoardFilters): string {
  const conditions = [];
  if (status !== "ALL") conditions.push(`status = ${status}`);
  if (owner) conditions.push(`owner = ${JSON.stringify(owner)}`);
  if (minimum > 0) conditions.push(`score >= ${String(minimum)}`);
  return conditions.join(" AND ");
}

/** Tells whether a lead is to be shown. */
export function fits(lead: Lead, { search, status, grades, owner, minimum }: BoardFilters): boolean {
  if (status !== "ALL" && lead.status !== LeadStatus[status]) return false;
  if (owner && lead.owner !== owner) return false;
  if (minimum > 0 && (lead.score?.value ?? 0) < minimum) return false;
  if (grades.length > 0 && !grades.includes(gradeOf(lead.score))) return false;
  const wanted = search.trim().toLowerCase();
  if (!wanted) return true;
  return [lead.displayName, lead.company, lead.email, lead.externalId].some((text) => text.toLowerCase().includes(wanted));
}

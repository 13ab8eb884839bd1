/** One lead: its score, why it has it, what would raise it, and what happened. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { NotFound } from "leadline-sdk";
import NextLink from "next/link";
import { useSearchParams } from "next/navigation";

import { Failure } from "@/common/failure";
import { BackIcon } from "@/common/icons";
import { PageSkeleton } from "@/common/page_skeleton";
import { useLiveChanges } from "@/live/live_context";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { Details } from "./details";
import { LeadHeading } from "./lead_heading";
import { LeadHistory } from "./lead_history";
import { Suggestions } from "./suggestions";
import { Reasons } from "./reasons";
import { Timeline } from "./timeline";

/** The page of the lead that the address names. */
export function LeadView() {
  const { t } = useLanguage();
  const client = useClient();
  const queries = useQueryClient();
  const name = `leads/${useSearchParams().get("id") ?? ""}`;
  const lead = useQuery({ queryKey: ["lead", name], queryFn: ({ signal }) => client.getLead(name, { signal }) });
  const score = useQuery({ queryKey: ["score", name], queryFn: ({ signal }) => client.scoreLead(name, { signal }) });

  useLiveChanges((changes) => {
    if (changes.some((change) => change.lead === name)) {
      for (const kind of ["lead", "score", "suggestions", "scores", "events"]) void queries.invalidateQueries({ queryKey: [kind, name] });
    }
  });

  const back = (
    <Button component={NextLink} prefetch={false} href="/" size="small" startIcon={<BackIcon />} sx={{ justifySelf: "start", ml: -0.5 }}>
      {t("lead.back")}
    </Button>
  );
  if (lead.error) {
    return (
      <Box sx={{ display: "grid", gap: 2 }}>
        {back}
        {lead.error instanceof NotFound || !/^leads\/[0-9a-f-]{36}$/.test(name) ? (
          <Alert severity="info">{t("lead.notFound")}</Alert>
        ) : (
          <Failure error={lead.error} retry={() => void lead.refetch()} />
        )}
      </Box>
    );
  }
  if (!lead.data) return <PageSkeleton />;
  return (
    <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 } }}>
      {back}
      <LeadHeading lead={lead.data} score={score.data} />
      {score.error && <Failure error={score.error} retry={() => void score.refetch()} />}
      <Box
        sx={{
          display: "grid",
          gap: { xs: 2, md: 2.5 },
          alignItems: "start",
          gridTemplateColumns: { xs: "minmax(0,1fr)", lg: "minmax(0,1.65fr) minmax(0,1fr)" },
        }}
      >
        <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 }, minWidth: 0 }}>
          <Reasons score={score.data} />
          <LeadHistory name={name} />
        </Box>
        <Box sx={{ display: "grid", gap: { xs: 2, md: 2.5 }, minWidth: 0 }}>
          <Suggestions name={name} />
          <Timeline name={name} />
          <Details lead={lead.data} />
        </Box>
      </Box>
    </Box>
  );
}

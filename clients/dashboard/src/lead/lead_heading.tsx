/** Who the lead is and how it stands. */
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Lead, LeadStatus, type Score, ScoreBasis } from "leadline-sdk";

import { Choice } from "@/common/fields";
import { gradeOf, nameOf } from "@/common/grade";
import { useNotice } from "@/common/notice";
import { GradeBadge } from "@/common/score_badge";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { Override } from "./override";
import { ScoreDial } from "./score_dial";

const STATUSES = ["OPEN", "CONVERTED", "LOST"] as const;
const BASES = {
  [ScoreBasis.PRIOR]: "lead.basis.PRIOR",
  [ScoreBasis.SHRUNKEN]: "lead.basis.SHRUNKEN",
  [ScoreBasis.MODEL]: "lead.basis.MODEL",
} as const;

interface LeadHeadingProps {
  readonly lead: Lead;
  readonly score: Score | undefined;
}

/** A card with the name, the score and the status. */
export function LeadHeading({ lead, score }: LeadHeadingProps) {
  const { t, formats } = useLanguage();
  const basis = score && score.basis in BASES ? BASES[score.basis as keyof typeof BASES] : undefined;
  const name = nameOf(lead);
  const detail = [lead.company, lead.email].filter((text) => text && text !== name).join(" · ");
  return (
    <Card sx={{ p: { xs: 2, sm: 3 }, display: "flex", flexWrap: "wrap", alignItems: "center", gap: { xs: 2, sm: 3 } }}>
      <ScoreDial score={score ?? lead.score} />
      <Box sx={{ flex: "1 1 260px", minWidth: 0 }}>
        <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, minWidth: 0 }}>
          <Typography variant="h1" dir="auto" sx={{ overflowWrap: "anywhere", display: "-webkit-box", WebkitLineClamp: 3, WebkitBoxOrient: "vertical", overflow: "hidden" }}>
            {name}
          </Typography>
          <GradeBadge grade={gradeOf(score ?? lead.score)} size={32} />
        </Box>
        <Typography color="textSecondary" dir="auto" sx={{ overflowWrap: "anywhere" }}>
          {detail}
        </Typography>
        {score && (
          <Typography variant="body2" color="textSecondary" sx={{ mt: 1 }}>
            {score.probabilityHigh > score.probabilityLow &&
              `${capitalised(t("lead.interval", { low: formats.percent(score.probabilityLow), high: formats.percent(score.probabilityHigh) }))}, `}
            {t("lead.evidence", { count: Number(score.evidenceCount) })}. {basis && t(basis)}
          </Typography>
        )}
        {score && <Override name={lead.name} score={score} />}
      </Box>
      <StatusField lead={lead} />
    </Card>
  );
}

function StatusField({ lead }: { readonly lead: Lead }) {
  const { t } = useLanguage();
  const client = useClient();
  const queries = useQueryClient();
  const { tell, tellError } = useNotice();
  const change = useMutation({
    mutationFn: (status: LeadStatus) => client.updateLead({ name: lead.name, status, etag: lead.etag }, ["status"]),
    onSuccess: (changed) => {
      queries.setQueryData(["lead", lead.name], changed);
      tell(t("lead.status.saved"));
    },
    onError: (error) => {
      tellError(error);
      void queries.invalidateQueries({ queryKey: ["lead", lead.name] });
    },
  });
  const status = STATUSES.find((known) => LeadStatus[known] === lead.status) ?? "OPEN";
  return (
    <Choice
      label={t("lead.status")}
      value={status}
      isDisabled={change.isPending}
      sx={{ minWidth: 150 }}
      choices={STATUSES.map((known) => [known, t(`board.status.${known}`)])}
      change={(chosen) => {
        change.mutate(LeadStatus[chosen]);
      }}
    />
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The leads to call now. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { LeadStatus } from "leadline-sdk";
import NextLink from "next/link";

import { gradeOf, leadHref, nameOf } from "@/common/grade";
import { FlameIcon } from "@/common/icons";
import { Panel } from "@/common/panel";
import { GradeBadge } from "@/common/score_badge";
import { useLanguage } from "@/text/language";

import { type BoardLead } from "./use_leads";

const SHOWN = 5;

/** The open leads with the highest scores. */
export function Hottest({ leads }: { readonly leads: readonly BoardLead[] }) {
  const { t } = useLanguage();
  const hottest = leads.filter(({ lead }) => lead.status === LeadStatus.OPEN && lead.score).slice(0, SHOWN);
  if (hottest.length === 0) return null;
  return (
    <Panel title={t("board.hottest")} action={<FlameIcon aria-hidden sx={{ color: "warning.main" }} />}>
      <Box
        component="ul"
        sx={{
          listStyle: "none",
          m: 0,
          p: 0,
          display: "flex",
          flexDirection: { xs: "row", lg: "column" },
          gap: { xs: 1.25, lg: 0.25 },
          overflowX: { xs: "auto", lg: "visible" },
          mx: -1,
          px: 1,
        }}
      >
        {hottest.map(({ lead }) => (
          <Box component="li" key={lead.name} sx={{ minWidth: { xs: 190, lg: 0 } }}>
            <Box
              component={NextLink}
              href={leadHref(lead.name)}
              prefetch={false}
              sx={{
                display: "flex",
                alignItems: "center",
                gap: 1.25,
                p: 1,
                mx: { lg: -1 },
                borderRadius: 2.5,
                color: "text.primary",
                textDecoration: "none",
                bgcolor: { xs: "action.hover", lg: "transparent" },
                "&:hover": { bgcolor: "action.hover" },
                "&:focus-visible": { outline: 2, outlineColor: "primary.main" },
              }}
            >
              <GradeBadge grade={gradeOf(lead.score)} size={32} />
              <Box sx={{ minWidth: 0, flex: 1 }}>
                <Typography variant="body2" noWrap dir="auto" sx={{ fontWeight: 600 }}>
                  {nameOf(lead)}
                </Typography>
                <Typography variant="caption" color="textSecondary" noWrap component="div" dir="auto">
                  {[lead.company, lead.email, lead.owner].find((text) => text && text !== nameOf(lead)) ?? "\u00a0"}
                </Typography>
              </Box>
              <Typography sx={{ fontWeight: 750, fontSize: "1.05rem" }}>{lead.score?.value}</Typography>
            </Box>
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

/** What is known of the lead. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { type FieldValue, fromFieldValue, type Lead } from "leadline-sdk";
import dynamic from "next/dynamic";
import { useState } from "react";

import { Panel } from "@/common/panel";
import { dateOf, type Formats } from "@/text/formats";
import { useLanguage } from "@/text/language";

const MailImage = dynamic(() => import("@/websites/mail_image").then((module) => module.MailImage), { ssr: false });

/** Gives the value of a field as a language writes it. */
export function fieldText(value: FieldValue, formats: Formats): string {
  const plain = fromFieldValue(value);
  if (plain instanceof Date) return formats.moment(plain);
  if (typeof plain === "number") return formats.decimal(plain, Number.isInteger(plain) ? 0 : 2);
  if (typeof plain === "boolean") return plain ? "✓" : "✗";
  return plain ?? "";
}

/** Its own fields, then the custom ones in the order of the alphabet. */
export function Details({ lead }: { readonly lead: Lead }) {
  const { t, formats } = useLanguage();
  const [isMailing, setIsMailing] = useState(false);
  const rows: (readonly [string, string])[] = [
    [t("lead.owner"), lead.owner || t("lead.owner.none")],
    [t("lead.email"), lead.email],
    [t("lead.phone"), lead.phone],
    [t("lead.company"), lead.company],
    [t("lead.externalId"), lead.externalId],
    [t("lead.received"), lead.receivedTime ? formats.moment(dateOf(lead.receivedTime)) : ""],
  ];
  const fields = Object.entries(lead.fields).sort(([left], [right]) => left.localeCompare(right));
  for (const [name, value] of fields) rows.push([name, fieldText(value, formats)]);
  return (
    <Panel
      title={t("lead.details")}
      action={
        <Button
          size="small"
          onClick={() => {
            setIsMailing(true);
          }}
        >
          {t("lead.mailImage")}
        </Button>
      }
    >
      <Box component="dl" sx={{ m: 0, display: "grid" }}>
        {rows
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <Box
              key={name}
              sx={{ display: "grid", gridTemplateColumns: "minmax(96px,2fr) 3fr", gap: 1.5, py: 0.9, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}
            >
              <Typography component="dt" variant="body2" color="textSecondary" dir="auto" sx={{ overflowWrap: "anywhere" }}>
                {name}
              </Typography>
              <Typography component="dd" variant="body2" dir="auto" sx={{ m: 0, overflowWrap: "anywhere" }}>
                {value}
              </Typography>
            </Box>
          ))}
      </Box>
      {isMailing && (
        <MailImage
          lead={lead.name}
          close={() => {
            setIsMailing(false);
          }}
        />
      )}
    </Panel>
  );
}

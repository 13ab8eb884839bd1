/** The websites whose visitors Leadline hears of: their keys, what to put into their pages, and what consent does. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { pages } from "leadline-sdk";
import { type TrackingKey } from "leadline-sdk/contract/tracking";
import { TrackingService } from "leadline-sdk/contract/tracking_service";
import dynamic from "next/dynamic";

import { CopyBlock } from "@/common/copying";
import { EditableList } from "@/common/editable_list";
import { Panel } from "@/common/panel";
import { useClient } from "@/session/session_context";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { websiteTexts } from "./texts";

const WebsiteForm = dynamic(() => import("./website_form").then((module) => module.WebsiteForm), { ssr: false });

const A_PAGE = 200;
const CONSENT = `leadline.consent(true);   // yes
leadline.consent(false);  // no, or not any more`;
const FORM = `<form id="contact">
  <input name="email" data-leadline="email">
  <input name="name" data-leadline="displayName">
  <select name="interest" data-leadline="field:Interest">…</select>
</form>`;

/** Gives the keys, the newest first. */
function useTrackingKeys() {
  const service = useClient().service(TrackingService);
  return useQuery<TrackingKey[]>({
    queryKey: ["trackingKeys"],
    queryFn: async ({ signal }) => {
      const found: TrackingKey[] = [];
      for await (const page of pages((pageToken) => service.listTrackingKeys({ pageToken, pageSize: A_PAGE }, { signal }))) found.push(...page.trackingKeys);
      return found;
    },
  });
}

/** The keys with their snippets, then what visitors are asked. */
export function Websites() {
  const { formats } = useLanguage();
  const text = useTexts(websiteTexts);
  const service = useClient().service(TrackingService);
  const list = useTrackingKeys();
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <EditableList
        title={text("title")}
        text={text("text")}
        empty={text("empty")}
        begin={text("new")}
        canChange={false}
        list={list}
        calledOf={({ displayName, allowedOrigins }) => displayName || (allowedOrigins[0] ?? "")}
        detailsOf={({ allowedOrigins, createTime }) => [
          text("from", { origins: allowedOrigins.join(", ") }),
          createTime && text("made", { time: formats.ago(dateOf(createTime)) }),
        ]}
        below={({ writeKey, displayName }) => (
          <Box sx={{ mt: 1 }}>
            <CopyBlock text={snippetOf(writeKey)} label={text("snippet", { name: displayName })} />
          </Box>
        )}
        form={(_, close) => <WebsiteForm close={close} />}
        remove={({ name }) => service.deleteTrackingKey({ name })}
        removal={{
          title: (name) => text("delete.title", { name }),
          text: text("delete.text"),
          done: (name) => text("deleted", { name }),
        }}
      />
      <Consent />
    </Box>
  );
}

/** Gives the line for the pages of a website; the script itself is one of the website's own files. */
function snippetOf(writeKey: string): string {
  return `<script src="/leadline.js" data-edge="${window.location.origin}" data-key="${writeKey}" defer></script>`;
}

const CASES = ["without", "with", "never"] as const;

function Consent() {
  const text = useTexts(websiteTexts);
  return (
    <>
      <Panel title={text("consent.title")}>
        <Box component="dl" sx={{ m: 0, mb: 2, display: "grid", gap: 1.5, gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "repeat(3, minmax(0,1fr))" } }}>
          {CASES.map((name) => (
            <Box key={name} sx={{ p: 1.75, borderRadius: 3, bgcolor: "action.hover" }}>
              <Typography component="dt" variant="h3">
                {text(`consent.${name}`)}
              </Typography>
              <Typography component="dd" variant="body2" color="textSecondary" sx={{ m: 0 }}>
                {text(`consent.${name}.text`)}
              </Typography>
            </Box>
          ))}
        </Box>
        <Typography variant="body2" sx={{ mb: 1 }}>
          {text("consent.call")}
        </Typography>
        <CopyBlock text={CONSENT} label={text("consent.title")} />
      </Panel>
      <Panel title={text("forms.title")}>
        <Typography variant="body2" color="textSecondary" sx={{ mb: 1 }}>
          {text("forms.text")}
        </Typography>
        <CopyBlock text={FORM} label={text("forms.title")} />
        <Typography variant="body2" color="textSecondary">
          {text("mails.text")}
        </Typography>
      </Panel>
    </>
  );
}

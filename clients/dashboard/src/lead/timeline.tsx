/** What the lead did, the latest first. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useState } from "react";

import { Failure } from "@/common/failure";
import { eventWords } from "@/common/feature_words";
import { Panel } from "@/common/panel";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { fieldText } from "./details";
import { historyTexts } from "./texts";
import { useEvents } from "./use_history";

const SHOWN_AT_FIRST = 8;
const SHOWN_MORE = 40;

/** The events of the lead that is named. */
export function Timeline({ name }: { readonly name: string }) {
  const { t, formats } = useLanguage();
  const text = useTexts(historyTexts);
  const { data, error, isPending, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = useEvents(name);
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const events = data?.pages.flatMap((page) => page.events) ?? [];
  const showMore = (): void => {
    setShown(shown + SHOWN_MORE);
    if (events.length < shown + SHOWN_MORE && hasNextPage) void fetchNextPage();
  };
  return (
    <Panel title={text("timeline")}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <Skeleton variant="rounded" height={160} />}
      {data && events.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          {text("timeline.empty")}
        </Typography>
      )}
      <Box component="ol" aria-label={text("timeline")} sx={{ listStyle: "none", m: 0, p: 0, borderInlineStart: "2px solid", borderColor: "divider" }}>
        {events.slice(0, shown).map(({ event }) => {
          if (!event?.occurredTime) return null;
          const at = dateOf(event.occurredTime);
          const known = Object.entries(event.properties).map(([property, value]) => `${property}: ${fieldText(value, formats)}`);
          return (
            <Box component="li" key={event.eventId} sx={{ position: "relative", pl: 2, py: 0.75 }}>
              <Box
                aria-hidden
                sx={{ position: "absolute", left: -6, top: 13, width: 10, height: 10, borderRadius: "50%", bgcolor: "primary.main", border: 2, borderColor: "background.paper" }}
              />
              <Box sx={{ display: "flex", gap: 1, alignItems: "baseline" }}>
                <Typography variant="body2" sx={{ flex: 1, fontWeight: 600 }}>
                  {eventWords(event.type, t)}
                </Typography>
                <Typography variant="caption" color="textSecondary" title={formats.moment(at)} noWrap>
                  {formats.ago(at)}
                </Typography>
              </Box>
              {known.length > 0 && (
                <Typography variant="caption" color="textSecondary" component="div" dir="auto" sx={{ overflowWrap: "anywhere" }}>
                  {known.join(" · ")}
                </Typography>
              )}
            </Box>
          );
        })}
      </Box>
      {(events.length > shown || hasNextPage) && (
        <Button size="small" loading={isFetchingNextPage} onClick={showMore} sx={{ mt: 1 }}>
          {text("timeline.more")}
        </Button>
      )}
    </Panel>
  );
}

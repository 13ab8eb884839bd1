/** The list of leads, of which only what is in sight is drawn. */
import Avatar from "@mui/material/Avatar";
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import NextLink from "next/link";
import { memo, useLayoutEffect, useRef, useState } from "react";

import { gradeOf, initialsOf, leadHref, nameOf } from "@/common/grade";
import { GradeBadge, ScoreBar, ScoreChangeSign } from "@/common/score_badge";
import { dateOf } from "@/text/formats";
import { useLanguage } from "@/text/language";

import { type BoardLead } from "./use_leads";

const WIDE_ROW = 60;
const NARROW_ROW = 76;
const ROWS_OUT_OF_SIGHT = 12;
/** How long a row shows that its score has just changed. */
const FRESH_MS = 2_500;
const COLUMNS = "minmax(0,2.2fr) 32px minmax(120px,1fr) 66px minmax(52px,0.5fr) 84px";

interface LeadListProps {
  readonly leads: readonly BoardLead[];
  readonly isLoading: boolean;
}

/** A list that scrolls with the page. */
export function LeadList({ leads, isLoading }: LeadListProps) {
  const { t } = useLanguage();
  const isWide = useMediaQuery((theme) => theme.breakpoints.up("sm"), { noSsr: true });
  const rowHeight = isWide ? WIDE_ROW : NARROW_ROW;
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const measure = (): void => {
      if (list.current) setMargin(list.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => {
      observer.disconnect();
    };
  }, []);
  const rows = useWindowVirtualizer({
    count: leads.length,
    estimateSize: () => rowHeight,
    overscan: ROWS_OUT_OF_SIGHT,
    scrollMargin: margin,
    getItemKey: (place) => leads[place]?.lead.name ?? place,
  });
  return (
    <Box>
      {isWide && <Heading />}
      <Box
        ref={list}
        role="list"
        aria-label={t("board.list")}
        aria-busy={isLoading}
        sx={{ position: "relative" }}
        style={{ height: isLoading ? rowHeight * 8 : rows.getTotalSize() }}
      >
        {isLoading
          ? Array.from({ length: 8 }, (_, place) => <RowSkeleton key={place} height={rowHeight} top={place * rowHeight} />)
          : rows.getVirtualItems().map(({ index, key, start }) => {
              const item = leads[index];
              return (
                item && (
                  <Row key={key} item={item} isWide={isWide} height={rowHeight} top={start - margin} place={index} of={leads.length} />
                )
              );
            })}
      </Box>
    </Box>
  );
}

function Heading() {
  const { t } = useLanguage();
  const titles = ["lead", null, "score", "change", "owner", "scored"] as const;
  return (
    <Box
      aria-hidden
      sx={{ display: "grid", gridTemplateColumns: COLUMNS, gap: 2, px: 2, pb: 1, borderBottom: 1, borderColor: "divider" }}
    >
      {titles.map((title, place) => (
        <Typography key={place} variant="overline" color="textSecondary" noWrap>
          {title && t(`board.column.${title}`)}
        </Typography>
      ))}
    </Box>
  );
}

interface RowProps {
  readonly item: BoardLead;
  readonly isWide: boolean;
  readonly height: number;
  readonly top: number;
  readonly place: number;
  readonly of: number;
}

const Row = memo(function Row({ item, isWide, height, top, place, of }: RowProps) {
  const { lead, change, changedAt } = item;
  const { formats } = useLanguage();
  const name = nameOf(lead);
  const grade = gradeOf(lead.score);
  const isFresh = change !== 0 && Date.now() - changedAt < FRESH_MS;
  const scored = lead.score?.computeTime;
  const detail = [lead.company, lead.email].filter((text) => text && text !== name).join(" · ");
  return (
    <Box
      role="listitem"
      aria-posinset={place + 1}
      aria-setsize={of}
      sx={{ position: "absolute", inset: "0 0 auto 0", borderBottom: 1, borderColor: "divider" }}
      style={{ height, transform: `translateY(${String(top)}px)` }}
    >
      <Box
        component={NextLink}
        href={leadHref(lead.name)}
        prefetch={false}
        data-fresh={isFresh || undefined}
        sx={{
          height: "100%",
          px: 2,
          display: "grid",
          gap: { xs: 1.25, sm: 2 },
          alignItems: "center",
          gridTemplateColumns: { xs: "minmax(0,1fr) 32px 96px", sm: COLUMNS },
          color: "text.primary",
          textDecoration: "none",
          transition: "background-color 160ms",
          "&:hover": { bgcolor: "action.hover" },
          "&:focus-visible": { outline: 2, outlineColor: "primary.main", outlineOffset: -2 },
          "&[data-fresh]": {
            bgcolor: (theme) =>
              `color-mix(in srgb, ${change > 0 ? theme.palette.raise : theme.palette.lower} 9%, transparent)`,
          },
        }}
      >
        <Box sx={{ display: "flex", alignItems: "center", gap: 1.5, minWidth: 0 }}>
          {isWide && <LeadAvatar name={name} />}
          <Box sx={{ minWidth: 0 }}>
            <Typography variant="body2" noWrap dir="auto" sx={{ fontWeight: 600 }}>
              {name}
            </Typography>
            <Typography variant="caption" color="textSecondary" noWrap component="div" dir="auto">
              {detail || "\u00a0"}
            </Typography>
          </Box>
        </Box>
        <GradeBadge grade={grade} />
        <Box sx={{ minWidth: 0 }}>
          <ScoreBar score={lead.score} />
          {!isWide && <ScoreChangeSign points={change} />}
        </Box>
        {isWide && (
          <>
            <ScoreChangeSign points={change} />
            {change === 0 && <span />}
            <Typography variant="caption" color="textSecondary" noWrap dir="auto">
              {lead.owner}
            </Typography>
            <Typography variant="caption" color="textSecondary" noWrap>
              {scored && formats.ago(dateOf(scored))}
            </Typography>
          </>
        )}
      </Box>
    </Box>
  );
});

function LeadAvatar({ name }: { readonly name: string }) {
  return (
    <Avatar
      aria-hidden
      sx={{
        width: 36,
        height: 36,
        fontSize: 13,
        fontWeight: 650,
        color: "primary.main",
        bgcolor: (theme) => `color-mix(in srgb, ${theme.palette.primary.main} 12%, transparent)`,
      }}
    >
      {initialsOf(name)}
    </Avatar>
  );
}

function RowSkeleton({ height, top }: { readonly height: number; readonly top: number }) {
  return (
    <Box
      role="listitem"
      sx={{ position: "absolute", inset: "0 0 auto 0", px: 2, display: "flex", alignItems: "center", gap: 2 }}
      style={{ height, transform: `translateY(${String(top)}px)` }}
    >
      <Skeleton variant="circular" width={36} height={36} />
      <Skeleton variant="rounded" height={14} sx={{ flex: 1, maxWidth: 220 }} />
      <Skeleton variant="rounded" width={28} height={28} />
      <Skeleton variant="rounded" height={8} sx={{ flex: 1 }} />
    </Box>
  );
}

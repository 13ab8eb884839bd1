/** What workflows tell the reader. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import FormControlLabel from "@mui/material/FormControlLabel";
import Link from "@mui/material/Link";
import Switch from "@mui/material/Switch";
import Typography from "@mui/material/Typography";
import { type Notification } from "leadline-sdk/contract/notification";
import NextLink from "next/link";
import { useState } from "react";

import { EmptyState } from "@/common/empty_state";
import { Failure } from "@/common/failure";
import { leadHref } from "@/common/grade";
import { BellIcon } from "@/common/icons";
import { PageHeading } from "@/common/page_heading";
import { PageSkeleton } from "@/common/page_skeleton";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { notificationTexts } from "./texts";
import { useMarkRead, useNotifications, useUnreadCount } from "./use_notifications";

/** The page with all notifications. */
export function NotificationsView() {
  const text = useTexts(notificationTexts);
  const [unreadOnly, setUnreadOnly] = useState(false);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useNotifications(unreadOnly);
  const unread = useUnreadCount();
  const mark = useMarkRead();
  const notifications = data?.pages.flatMap((page) => page.notifications) ?? [];
  const markAll = unread > 0 && (
    <Button
      variant="outlined"
      loading={mark.isPending}
      onClick={() => {
        mark.mutate([]);
      }}
    >
      {text("markAll")}
    </Button>
  );
  if (isPending) return <PageSkeleton />;
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 }, maxWidth: 860 }}>
      <PageHeading title={text("title")} subtitle={text("subtitle")} action={markAll} />
      {error && <Failure error={error} retry={() => void refetch()} />}
      <FormControlLabel
        label={text("unreadOnly")}
        control={
          <Switch
            checked={unreadOnly}
            onChange={(event) => {
              setUnreadOnly(event.target.checked);
            }}
          />
        }
      />
      {data && (
        <Card>
          {notifications.length === 0 && <Nothing />}
          <Box component="ul" aria-label={text("title")} sx={{ listStyle: "none", m: 0, p: 0 }}>
            {notifications.map((notification) => (
              <NotificationRow
                key={notification.name}
                notification={notification}
                markRead={() => {
                  mark.mutate([notification.name]);
                }}
              />
            ))}
          </Box>
        </Card>
      )}
      {hasNextPage && (
        <Button sx={{ justifySelf: "start" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {text("more")}
        </Button>
      )}
    </Box>
  );
}

function Nothing() {
  const text = useTexts(notificationTexts);
  const action = (
    <Button component={NextLink} prefetch={false} href="/workflows/">
      {text("empty.action")}
    </Button>
  );
  return <EmptyState icon={<BellIcon />} title={text("empty.title")} text={text("empty.text")} action={action} />;
}

interface NotificationRowProps {
  readonly notification: Notification;
  readonly markRead: () => void;
}

function NotificationRow({ notification, markRead }: NotificationRowProps) {
  const { formats } = useLanguage();
  const text = useTexts(notificationTexts);
  const { lead, reason, createTime, readTime } = notification;
  const isUnread = !readTime;
  return (
    <Box component="li" sx={{ display: "flex", gap: 1.5, p: 2, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
      <Box
        {...(isUnread && { role: "img", "aria-label": text("new") })}
        sx={{ width: 8, height: 8, mt: 1, flexShrink: 0, borderRadius: "50%", bgcolor: isUnread ? "primary.main" : "transparent" }}
      />
      <Box sx={{ flex: 1, minWidth: 0 }}>
        <Typography variant="body2" dir="auto" sx={{ fontWeight: isUnread ? 650 : 400, overflowWrap: "anywhere" }}>
          {notification.text}
        </Typography>
        <Typography variant="caption" color="textSecondary" component="div">
          {reason}
          {createTime && ` · ${formats.ago(dateOf(createTime))}`}
        </Typography>
        <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, mt: 0.5 }}>
          {lead && (
            <Link component={NextLink} href={leadHref(lead)} prefetch={false} variant="body2" {...(isUnread && { onClick: markRead })}>
              {text("lead")}
            </Link>
          )}
          {isUnread && (
            <Link component="button" variant="body2" aria-label={text("mark.of", { text: notification.text })} onClick={markRead}>
              {text("mark")}
            </Link>
          )}
        </Box>
      </Box>
    </Box>
  );
}

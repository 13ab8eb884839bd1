/** How much is unread, as it comes in. */
import Box from "@mui/material/Box";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { useNotice } from "@/common/notice";
import { useClient } from "@/session/session_context";
import { useLanguage, useTexts } from "@/text/language";

import { notificationTexts } from "./texts";
import { useUnreadCount } from "./use_notifications";
import { watchNotifications } from "./watching";

const MOST_SHOWN = 99;

/** A number, or nothing where all is read. While it is shown, new notifications are told as they are made. */
export function UnreadBadge() {
  const { formats } = useLanguage();
  const text = useTexts(notificationTexts);
  const client = useClient();
  const queries = useQueryClient();
  const { tell } = useNotice();
  const count = useUnreadCount();
  useEffect(() => {
    const controller = new AbortController();
    watchNotifications(client, controller.signal, (notification) => {
      tell(notification.text);
      void queries.invalidateQueries({ queryKey: ["notifications"] });
    }).catch(() => {
      // Whoever may not read notifications has none; what else is wrong shows on their page.
    });
    return () => {
      controller.abort();
    };
  }, [client, queries, tell]);
  if (count === 0) return null;
  return (
    <Box
      component="span"
      role="status"
      aria-label={text("unread", { count })}
      sx={{
        ml: "auto",
        px: 0.75,
        minWidth: 20,
        borderRadius: 10,
        textAlign: "center",
        fontSize: "0.7rem",
        lineHeight: "18px",
        fontWeight: 700,
        bgcolor: "error.main",
        color: "background.paper",
      }}
    >
      {count > MOST_SHOWN ? `${MOST_SHOWN}+` : formats.count(count)}
    </Box>
  );
}

/** The reader's notifications. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { NotificationService } from "leadline-sdk/contract/notification_service";

import { useNotice } from "@/common/notice";
import { useClient } from "@/session/session_context";

const A_PAGE = 30;

/** Gives how many are unread, counted up to 1,000. */
export function useUnreadCount(): number {
  const service = useClient().service(NotificationService);
  const { data } = useQuery({
    queryKey: ["notifications", "unread"],
    queryFn: async ({ signal }) => (await service.countUnreadNotifications({}, { signal })).unreadCount,
  });
  return data ?? 0;
}

/** Gives the notifications, the newest first, page by page. */
export function useNotifications(unreadOnly: boolean) {
  const service = useClient().service(NotificationService);
  return useInfiniteQuery({
    queryKey: ["notifications", "list", unreadOnly],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => service.listNotifications({ unreadOnly, pageSize: A_PAGE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
}

/** Gives how to mark notifications as read; no names mean all. */
export function useMarkRead() {
  const service = useClient().service(NotificationService);
  const queries = useQueryClient();
  const { tellError } = useNotice();
  return useMutation({
    mutationFn: (names: readonly string[]) => service.markNotificationsRead({ names: [...names] }),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
}

import { NotificationsView } from "@/notifications/notifications_view";
import { membersOnly } from "@/shell/members_only";

/** What the reader is told. */
export default membersOnly(NotificationsView);

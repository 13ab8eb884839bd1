import { NoPage } from "@/shell/no_page";
import { membersOnly } from "@/shell/members_only";

/** What is shown where there is no page. */
export default membersOnly(NoPage);

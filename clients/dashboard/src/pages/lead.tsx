import { LeadView } from "@/lead/lead_view";
import { membersOnly } from "@/shell/members_only";

/** One lead; `?id=` names it. */
export default membersOnly(LeadView);

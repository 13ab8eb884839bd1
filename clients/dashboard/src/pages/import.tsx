import { ImportView } from "@/importing/import_view";
import { membersOnly } from "@/shell/members_only";

/** Bringing in leads. */
export default membersOnly(ImportView);

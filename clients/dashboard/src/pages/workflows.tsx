import { WorkflowsView } from "@/workflows/workflows_view";
import { membersOnly } from "@/shell/members_only";

/** The workflows. */
export default membersOnly(WorkflowsView);

import { ModelsView } from "@/models/models_view";
import { membersOnly } from "@/shell/members_only";

/** The models. */
export default membersOnly(ModelsView);

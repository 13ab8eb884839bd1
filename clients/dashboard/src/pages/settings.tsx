import { SettingsView } from "@/settings/settings_view";
import { membersOnly } from "@/shell/members_only";

/** The settings; `?part=` names which. */
export default membersOnly(SettingsView);

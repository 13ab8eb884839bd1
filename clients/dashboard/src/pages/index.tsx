import { Board } from "@/board/board";
import { membersOnly } from "@/shell/members_only";

/** The live board. */
export default membersOnly(Board);

/** The pages that one can go to. */
import type { SvgIconProps } from "@mui/material/SvgIcon";
import dynamic from "next/dynamic";
import type { ComponentType } from "react";

import { BellIcon, BoardIcon, ImportIcon, ModelIcon, SettingsIcon, WorkflowIcon } from "@/common/icons";
import type { TextKey } from "@/text/texts";

/** A page that one can go to. */
export interface Place {
  readonly href: string;
  readonly text: TextKey;
  readonly Icon: ComponentType<SvgIconProps>;
  /** Shown beside its name, such as how much is unread. */
  readonly Badge?: ComponentType;
}

const UnreadBadge = dynamic(() => import("@/notifications/unread_badge").then((module) => module.UnreadBadge), { ssr: false });

export const PLACES: readonly Place[] = [
  { href: "/", text: "nav.board", Icon: BoardIcon },
  { href: "/workflows/", text: "nav.workflows", Icon: WorkflowIcon },
  { href: "/notifications/", text: "nav.notifications", Icon: BellIcon, Badge: UnreadBadge },
  { href: "/models/", text: "nav.models", Icon: ModelIcon },
  { href: "/import/", text: "nav.import", Icon: ImportIcon },
  { href: "/settings/", text: "nav.settings", Icon: SettingsIcon },
];

/** The pages that one can go to. */
import type { SvgIconProps } from "@mui/material/SvgIcon";
import type { ComponentType } from "react";

import { BoardIcon, ImportIcon, ModelIcon } from "@/common/icons";
import type { TextKey } from "@/text/texts";

/** A page that one can go to. */
export interface Place {
  readonly href: string;
  readonly text: TextKey;
  readonly Icon: ComponentType<SvgIconProps>;
  /** Shown beside its name, such as how much is unread. */
  readonly Badge?: ComponentType;
}

export const PLACES: readonly Place[] = [
  { href: "/", text: "nav.board", Icon: BoardIcon },
  { href: "/models/", text: "nav.models", Icon: ModelIcon },
  { href: "/import/", text: "nav.import", Icon: ImportIcon },
];

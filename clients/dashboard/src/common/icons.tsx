/** The icons, drawn in the same line. */
import { createSvgIcon } from "@mui/material/utils";
import type { ReactNode } from "react";

function icon(name: string, drawing: ReactNode) {
  return createSvgIcon(
    <g fill="none" stroke="currentColor" strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round">
      {drawing}
    </g>,
    name,
  );
}

export const BoardIcon = icon("Board", <path d="M4 6h16M4 12h11M4 18h6M18.5 14.5v6M15.5 17.5h6" />);
export const ModelIcon = icon("Model", <path d="M4 19V5M4 19h16M8 15l3.5-4.5 3 2.5L20 6" />);
export const WorkflowIcon = icon("Workflow", <path d="M13 3 5 14h6l-1 7 8-11h-6l1-7Z" />);
export const BellIcon = icon("Bell", <path d="M6 9.5a6 6 0 1 1 12 0c0 5 2 6.5 2 6.5H4s2-1.5 2-6.5ZM10 19.5a2 2 0 0 0 4 0" />);
export const ImportIcon = icon("Import", <path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 19.5h16" />);
export const SettingsIcon = icon(
  "Settings",
  <>
    <path d="M4 7h9m4 0h3M4 17h3m4 0h9" />
    <circle cx="15" cy="7" r="2" />
    <circle cx="9" cy="17" r="2" />
  </>,
);
export const LogOutIcon = icon("LogOut", <path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9" />);
export const SunIcon = icon(
  "Sun",
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" />
  </>,
);
export const MoonIcon = icon("Moon", <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z" />);
export const SearchIcon = icon(
  "Search",
  <>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m20 20-4.3-4.3" />
  </>,
);
export const FlameIcon = icon("Flame", <path d="M12 3c.5 3.5 5.5 5.5 5.5 11a5.5 5.5 0 0 1-11 0c0-2 .8-3.3 2-4.5.3 1.5 1 2.3 2 2.5-.5-3 .2-6.5 1.5-9Z" />);
export const PulseIcon = icon("Pulse", <path d="M3 12h4l2.5-7 5 14 2.5-7h4" />);
export const BackIcon = icon("Back", <path d="M19 12H5m0 0 6-6m-6 6 6 6" />);
export const UpIcon = icon("Up", <path d="M12 19V5m0 0-6 6m6-6 6 6" />);
export const DownIcon = icon("Down", <path d="M12 5v14m0 0 6-6m-6 6-6-6" />);
export const SparkIcon = icon("Spark", <path d="M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8L12 3ZM19 16l.8 2.2L22 19l-2.2.8L19 22l-.8-2.2L16 19l2.2-.8L19 16Z" />);
export const MailIcon = icon("Mail", <path d="M4 6h16v12H4zM4 7l8 6 8-6" />);
export const PageIcon = icon("Page", <path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6" />);
export const PhoneIcon = icon("Phone", <path d="M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3Z" />);
export const DotIcon = icon("Dot", <circle cx="12" cy="12" r="4" />);
export const PersonIcon = icon(
  "Person",
  <>
    <circle cx="12" cy="8" r="4" />
    <path d="M4.5 20a7.5 7.5 0 0 1 15 0" />
  </>,
);
export const CloseIcon = icon("Close", <path d="M6 6l12 12M18 6 6 18" />);
export const PlusIcon = icon("Plus", <path d="M12 5v14M5 12h14" />);
export const CopyIcon = icon("Copy", <path d="M9 9h11v11H9zM5 15H4V4h11v1" />);

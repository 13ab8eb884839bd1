/** What a page is about, and what can be done on it. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

interface PageHeadingProps {
  readonly title: string;
  readonly subtitle: string;
  readonly action?: ReactNode;
}

/** The first heading of a page. */
export function PageHeading({ title, subtitle, action }: PageHeadingProps) {
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 2 }}>
      <Box sx={{ flex: 1, minWidth: 200 }}>
        <Typography variant="h1">{title}</Typography>
        <Typography variant="body2" color="textSecondary">
          {subtitle}
        </Typography>
      </Box>
      {action}
    </Box>
  );
}

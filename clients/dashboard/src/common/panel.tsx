/** A part of a page with a heading. */
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import type { SxProps, Theme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { type ReactNode, useId } from "react";

interface PanelProps {
  readonly title: ReactNode;
  /** Shown at the right of the heading. */
  readonly action?: ReactNode;
  readonly children: ReactNode;
  readonly sx?: SxProps<Theme>;
}

/** A card that screen readers find by its heading. */
export function Panel({ title, action, children, sx }: PanelProps) {
  const id = useId();
  return (
    <Card component="section" aria-labelledby={id} sx={[{ p: { xs: 2, sm: 2.5 } }, ...(Array.isArray(sx) ? (sx as readonly SxProps<Theme>[]) : [sx])] as SxProps<Theme>}>
      <Box sx={{ display: "flex", alignItems: "center", gap: 1, mb: 1.5, minHeight: 32 }}>
        <Typography id={id} variant="h2" sx={{ flex: 1 }}>
          {title}
        </Typography>
        {action}
      </Box>
      {children}
    </Card>
  );
}

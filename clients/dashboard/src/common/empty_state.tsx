/** What is shown where there is nothing yet: why, and what to do. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

interface EmptyStateProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly action?: ReactNode;
}

/** Says why a place is empty and how it fills. */
export function EmptyState({ icon, title, text, action }: EmptyStateProps) {
  return (
    <Box sx={{ py: { xs: 5, sm: 8 }, px: 3, display: "grid", justifyItems: "center", textAlign: "center", gap: 1.5 }}>
      <Box
        aria-hidden
        sx={{
          width: 64,
          height: 64,
          borderRadius: "20px",
          display: "grid",
          placeItems: "center",
          color: "primary.main",
          bgcolor: (theme) => `color-mix(in srgb, ${theme.palette.primary.main} 12%, transparent)`,
          "& svg": { fontSize: 32 },
        }}
      >
        {icon}
      </Box>
      <Typography variant="h2">{title}</Typography>
      <Typography color="textSecondary" sx={{ maxWidth: 460 }}>
        {text}
      </Typography>
      {action}
    </Box>
  );
}

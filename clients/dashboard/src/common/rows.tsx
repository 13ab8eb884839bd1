/** Rows of a list in a panel. */
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

/** A list that screen readers find by its name. */
export function Rows({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Box component="ul" aria-label={label} sx={{ listStyle: "none", m: 0, mt: 1, p: 0 }}>
      {children}
    </Box>
  );
}

interface RowProps {
  readonly title: ReactNode;
  /** Below the title, a line each; empty ones are left out. */
  readonly details: readonly ReactNode[];
  /** What can be done with it. */
  readonly children?: ReactNode;
  /** Shown below, as wide as the panel. */
  readonly below?: ReactNode;
}

/** One thing with what there is to say of it, and what can be done with it. */
export function Row({ title, details, children, below }: RowProps) {
  return (
    <Box component="li" sx={{ py: 1.5, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
        <Box sx={{ flex: "1 1 260px", minWidth: 0 }}>
          <Typography variant="body2" dir="auto" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
            {title}
          </Typography>
          {details.filter(Boolean).map((detail, place) => (
            <Typography key={place} variant="caption" color="textSecondary" component="div" sx={{ overflowWrap: "anywhere" }}>
              {detail}
            </Typography>
          ))}
        </Box>
        {children}
      </Box>
      {below}
    </Box>
  );
}

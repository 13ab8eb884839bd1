/** What is shown while a page is on its way. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";

/** A page in outlines. */
export function PageSkeleton() {
  return (
    <Box aria-busy="true" sx={{ display: "grid", gap: 2.5 }}>
      <Skeleton variant="rounded" width={220} height={36} />
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(160px, 1fr))" }}>
        {[0, 1, 2, 3].map((place) => (
          <Skeleton key={place} variant="rounded" height={96} />
        ))}
      </Box>
      <Skeleton variant="rounded" height={420} />
    </Box>
  );
}

/** The sign of Leadline: a line of leads, rising. */
import Box from "@mui/material/Box";

/** @param size Width and height in pixels. */
export function Logo({ size }: { readonly size: number }) {
  return (
    <Box component="svg" viewBox="0 0 48 48" role="img" aria-label="Leadline" sx={{ width: size, height: size, display: "block" }}>
      <rect width="48" height="48" rx="13" fill="#4f46e5" />
      <path d="M11 33 20 24l6 5 11-13" fill="none" stroke="#fff" strokeWidth="4" strokeLinecap="round" strokeLinejoin="round" />
      <circle cx="37" cy="16" r="4.5" fill="#3ddc97" />
    </Box>
  );
}

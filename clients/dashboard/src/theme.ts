/** Colours, type and spacing: everything that makes the pages look like one thing. */
import { createTheme } from "@mui/material/styles";

declare module "@mui/material/styles" {
  interface Palette {
    grade: Readonly<Record<"A" | "B" | "C" | "D" | "none", string>>;
    raise: string;
    /** Lines behind a chart: seen, and behind what they measure. */
    gridline: string;
    lower: string;
  }
  interface PaletteOptions {
    grade?: Palette["grade"];
    raise?: string;
    gridline?: string;
    lower?: string;
  }
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Gives the theme of a colour scheme. All text on its backgrounds has a contrast of 4.5 or more. */
export function themeOf(scheme: "light" | "dark") {
  const isDark = scheme === "dark";
  return createTheme({
    palette: {
      mode: scheme,
      primary: isDark ? { main: "#9b97ff", dark: "#b5b2ff", contrastText: "#10101c" } : { main: "#4f46e5" },
      success: { main: isDark ? "#4ade9b" : "#087f5b" },
      warning: { main: isDark ? "#fbbf5e" : "#a15c00" },
      error: { main: isDark ? "#ff8a8a" : "#c92a2a" },
      background: isDark ? { default: "#0d1017", paper: "#151a23" } : { default: "#f6f7fb", paper: "#ffffff" },
      text: isDark ? { primary: "#e8eaf0", secondary: "#a3abba" } : { primary: "#171a26", secondary: "#586074" },
      divider: isDark ? "rgba(255,255,255,0.09)" : "rgba(23,26,38,0.09)",
      grade: isDark
        ? { A: "#3ddc97", B: "#5cc8ff", C: "#fbbf5e", D: "#ff8a8a", none: "#a3abba" }
        : { A: "#08795a", B: "#0b69a8", C: "#975400", D: "#bf2c39", none: "#586074" },
      gridline: isDark ? "rgba(255,255,255,0.2)" : "rgba(23,26,38,0.17)",
      raise: isDark ? "#3ddc97" : "#08795a",
      lower: isDark ? "#ff8a8a" : "#bf2c39",
    },
    shape: { borderRadius: 4 },
    typography: {
      fontFamily: FONT,
      h1: { fontSize: "1.625rem", fontWeight: 700, letterSpacing: "-0.02em", lineHeight: 1.25 },
      h2: { fontSize: "1.0625rem", fontWeight: 650, letterSpacing: "-0.01em", lineHeight: 1.35 },
      h3: { fontSize: "0.9375rem", fontWeight: 600, lineHeight: 1.4 },
      body2: { fontSize: "0.875rem", lineHeight: 1.5 },
      caption: { fontSize: "0.78rem", lineHeight: 1.45 },
      overline: { fontSize: "0.72rem", fontWeight: 650, letterSpacing: "0.06em", lineHeight: 1.6 },
      button: { textTransform: "none", fontWeight: 600 },
    },
    components: {
      MuiCssBaseline: {
        styleOverrides: {
          body: { fontFeatureSettings: '"tnum" 1, "cv05" 1', WebkitFontSmoothing: "antialiased" },
          // Text that runs from right to left stays at the edge where all text begins.
          "[dir=auto]": { textAlign: "match-parent" },
          "@media (prefers-reduced-motion: reduce)": {
            "*, *::before, *::after": { animation: "none !important", transition: "none !important" },
          },
        },
      },
      MuiButton: { defaultProps: { disableElevation: true }, styleOverrides: { root: { borderRadius: 10 } } },
      MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
      MuiCard: {
        defaultProps: { variant: "outlined" },
        styleOverrides: {
          root: ({ theme }) => ({
            borderRadius: 16,
            borderColor: theme.palette.divider,
            boxShadow: isDark ? "none" : "0 1px 2px rgba(23,26,38,0.04)",
          }),
        },
      },
      MuiOutlinedInput: { styleOverrides: { root: { borderRadius: 10 } } },
      MuiAlert: { styleOverrides: { root: { borderRadius: 12 } } },
      MuiChip: { styleOverrides: { root: { fontWeight: 600, borderRadius: 8 } } },
      MuiDialog: { styleOverrides: { paper: { borderRadius: 18 } } },
    },
  });
}

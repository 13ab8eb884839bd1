/** Light or dark: as the system has it, until somebody chooses. */
import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

import { readSetting, writeSetting } from "@/common/storage";
import { themeOf } from "@/theme";

type Scheme = "light" | "dark";
const SETTING = "colours";
const SchemeContext = createContext<{ readonly scheme: Scheme; readonly toggle: () => void } | undefined>(undefined);

function chosen(): Scheme | undefined {
  const kept = readSetting(SETTING);
  return kept === "light" || kept === "dark" ? kept : undefined;
}

/** Gives what is inside the theme. */
export function ColourSchemeProvider({ children }: { readonly children: ReactNode }) {
  const systemIsDark = useMediaQuery("(prefers-color-scheme: dark)", { noSsr: true });
  const [choice, setChoice] = useState(chosen);
  const scheme = choice ?? (systemIsDark ? "dark" : "light");
  const theme = useMemo(() => themeOf(scheme), [scheme]);
  useEffect(() => {
    document.documentElement.style.colorScheme = scheme;
  }, [scheme]);
  const value = useMemo(
    () => ({
      scheme,
      toggle: () => {
        const other = scheme === "dark" ? "light" : "dark";
        writeSetting(SETTING, other);
        setChoice(other);
      },
    }),
    [scheme],
  );
  return (
    <SchemeContext value={value}>
      <ThemeProvider theme={theme}>
        <CssBaseline />
        {children}
      </ThemeProvider>
    </SchemeContext>
  );
}

/** Gives the colour scheme and how to change it. */
export function useColourScheme() {
  const value = useContext(SchemeContext);
  if (!value) throw new Error("outside of ColourSchemeProvider");
  return value;
}

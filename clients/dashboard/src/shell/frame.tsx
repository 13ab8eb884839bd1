/** What is around each page: where one can go, whether it is live, who is logged in. */
import Box from "@mui/material/Box";
import useMediaQuery from "@mui/material/useMediaQuery";
import { type ReactNode, useSyncExternalStore } from "react";

import { useLanguage } from "@/text/language";

import { BottomBar, SideBar, TopBar } from "./navigation";

const MAIN_ID = "content";

function subscribeOnline(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

/** Gives a page its frame: a bar at the side, or, on a phone, one at the top and one at the bottom. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const { t } = useLanguage();
  const isWide = useMediaQuery((theme) => theme.breakpoints.up("md"), { noSsr: true });
  const isOnline = useSyncExternalStore(subscribeOnline, () => navigator.onLine);
  return (
    <Box sx={{ display: "flex", minHeight: "100dvh" }}>
      <Box
        component="a"
        href={`#${MAIN_ID}`}
        sx={{
          position: "fixed",
          left: 12,
          top: -80,
          zIndex: "tooltip",
          px: 2,
          py: 1,
          borderRadius: 2,
          bgcolor: "primary.main",
          color: "primary.contrastText",
          "&:focus": { top: 12 },
        }}
      >
        {t("app.skip")}
      </Box>
      {isWide && <SideBar />}
      <Box sx={{ flex: 1, minWidth: 0, display: "flex", flexDirection: "column" }}>
        {!isWide && <TopBar />}
        {!isOnline && (
          <Box role="alert" sx={{ px: 2, py: 1.25, fontSize: "0.875rem", bgcolor: "warning.main", color: "warning.contrastText" }}>
            {t("offline.banner")}
          </Box>
        )}
        <Box
          component="main"
          id={MAIN_ID}
          tabIndex={-1}
          sx={{
            flex: 1,
            width: "100%",
            maxWidth: 1440,
            mx: "auto",
            px: { xs: 2, sm: 3, lg: 4 },
            pt: { xs: 2, md: 4 },
            pb: { xs: "calc(88px + env(safe-area-inset-bottom))", md: 4 },
            outline: "none",
          }}
        >
          {children}
        </Box>
      </Box>
      {!isWide && <BottomBar />}
    </Box>
  );
}

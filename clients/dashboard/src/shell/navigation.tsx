/** The ways through the application. */
import Avatar from "@mui/material/Avatar";
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import IconButton from "@mui/material/IconButton";
import Typography from "@mui/material/Typography";
import NextLink from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";

import { LogOutIcon, MoonIcon, SunIcon } from "@/common/icons";
import { useIsLive } from "@/live/live_context";
import { useSession } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { useColourScheme } from "./colour_scheme";
import { LanguageMenu } from "./language_menu";
import { Logo } from "./logo";
import { type Place, PLACES } from "./places";

const SIDE_WIDTH = 236;

/** The bar at the side of a wide window. */
export function SideBar() {
  const { t } = useLanguage();
  const { session, end } = useSession();
  const name = session?.tokens.displayName ?? "";
  return (
    <Box
      component="aside"
      sx={{
        position: "sticky",
        top: 0,
        height: "100dvh",
        width: SIDE_WIDTH,
        flexShrink: 0,
        p: 2,
        display: "flex",
        flexDirection: "column",
        gap: 3,
        bgcolor: "background.paper",
        borderRight: 1,
        borderColor: "divider",
      }}
    >
      <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, px: 1, pt: 0.5 }}>
        <Logo size={32} />
        <Typography sx={{ fontWeight: 750, fontSize: "1.15rem", letterSpacing: "-0.02em", flex: 1 }}>Leadline</Typography>
        <LiveSign />
      </Box>
      <Box component="nav" aria-label={t("nav.label")} sx={{ display: "grid", gap: 0.5 }}>
        {PLACES.map((place) => (
          <PlaceLink key={place.href} place={place}>
            <place.Icon sx={{ fontSize: 21 }} />
            {t(place.text)}
            {place.Badge && <place.Badge />}
          </PlaceLink>
        ))}
      </Box>
      <Box sx={{ mt: "auto", display: "grid", gap: 1, gridTemplateColumns: "minmax(0,1fr)" }}>
        <Box sx={{ display: "flex", gap: 0.5 }}>
          <SchemeButton />
          <LanguageMenu />
        </Box>
        <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, p: 1, borderRadius: 3, bgcolor: "action.hover" }}>
          <Avatar sx={{ width: 32, height: 32, fontSize: 14, bgcolor: "primary.main", color: "primary.contrastText" }}>
            {name.slice(0, 1).toUpperCase()}
          </Avatar>
          <Box sx={{ flex: 1, minWidth: 0 }}>
            <Typography variant="body2" noWrap sx={{ fontWeight: 600 }}>
              {name}
            </Typography>
            <Typography variant="caption" color="textSecondary" noWrap component="div">
              {session?.tokens.email}
            </Typography>
          </Box>
          <IconButton size="small" title={t("nav.logOut")} aria-label={t("nav.logOut")} onClick={end}>
            <LogOutIcon fontSize="small" />
          </IconButton>
        </Box>
      </Box>
    </Box>
  );
}

/** The bar at the top of a phone. */
export function TopBar() {
  const { t } = useLanguage();
  const { end } = useSession();
  return (
    <Box
      component="header"
      sx={{
        position: "sticky",
        top: 0,
        zIndex: "appBar",
        display: "flex",
        alignItems: "center",
        gap: 1,
        px: 2,
        py: 1,
        bgcolor: "background.paper",
        borderBottom: 1,
        borderColor: "divider",
      }}
    >
      <Logo size={28} />
      <Typography sx={{ fontWeight: 750, letterSpacing: "-0.02em", flex: 1 }}>Leadline</Typography>
      <LiveSign />
      <SchemeButton />
      <LanguageMenu />
      <IconButton aria-label={t("nav.logOut")} onClick={end}>
        <LogOutIcon fontSize="small" />
      </IconButton>
    </Box>
  );
}

/** The bar at the bottom of a phone, under the thumb. */
export function BottomBar() {
  const { t } = useLanguage();
  return (
    <Box
      component="nav"
      aria-label={t("nav.label")}
      sx={{
        position: "fixed",
        inset: "auto 0 0 0",
        zIndex: "appBar",
        display: "grid",
        gridAutoFlow: "column",
        gridAutoColumns: "1fr",
        bgcolor: "background.paper",
        borderTop: 1,
        borderColor: "divider",
        pb: "env(safe-area-inset-bottom)",
      }}
    >
      {PLACES.map((place) => (
        <PlaceLink key={place.href} place={place} isCompact>
          <Box sx={{ position: "relative", display: "grid" }}>
            <place.Icon sx={{ fontSize: 22 }} />
            {place.Badge && (
              <Box sx={{ position: "absolute", left: 14, top: -6 }}>
                <place.Badge />
              </Box>
            )}
          </Box>
          <Box component="span" sx={{ fontSize: "0.62rem", letterSpacing: "-0.01em", maxWidth: "100%", overflow: "hidden", textOverflow: "ellipsis" }}>
            {t(place.text)}
          </Box>
        </PlaceLink>
      ))}
    </Box>
  );
}

interface PlaceLinkProps {
  readonly place: Place;
  readonly isCompact?: boolean;
  readonly children: ReactNode;
}

function PlaceLink({ place, isCompact = false, children }: PlaceLinkProps) {
  const path = usePathname();
  const isHere = place.href === "/" ? path === "/" || path.startsWith("/lead") : path.startsWith(place.href);
  return (
    <ButtonBase
      component={NextLink}
      href={place.href}
      prefetch={false}
      aria-current={isHere ? "page" : undefined}
      sx={{
        display: "flex",
        flexDirection: isCompact ? "column" : "row",
        justifyContent: isCompact ? "center" : "flex-start",
        alignItems: "center",
        gap: isCompact ? 0.25 : 1.5,
        px: isCompact ? 0.25 : 1.5,
        py: isCompact ? 1 : 1.1,
        minHeight: isCompact ? 56 : 42,
        minWidth: 0,
        borderRadius: isCompact ? 0 : 2.5,
        fontSize: "0.9rem",
        fontWeight: isHere ? 650 : 500,
        color: isHere ? "primary.main" : "text.secondary",
        bgcolor: (theme) =>
          isHere && !isCompact ? `color-mix(in srgb, ${theme.palette.primary.main} 11%, transparent)` : "transparent",
        "&:hover": { color: isHere ? "primary.main" : "text.primary" },
        "&.Mui-focusVisible": { outline: 2, outlineColor: "primary.main", outlineOffset: -2 },
      }}
    >
      {children}
    </ButtonBase>
  );
}

function LiveSign() {
  const { t } = useLanguage();
  const isLive = useIsLive();
  return (
    <Box
      role="status"
      title={t(isLive ? "live.on.title" : "live.off.title")}
      sx={{ display: "flex", alignItems: "center", gap: 0.75, color: isLive ? "success.main" : "warning.main" }}
    >
      <Box
        aria-hidden
        sx={{
          width: 8,
          height: 8,
          borderRadius: "50%",
          bgcolor: "currentColor",
          "@keyframes live": { "0%": { boxShadow: "0 0 0 0 currentColor" }, "100%": { boxShadow: "0 0 0 6px transparent" } },
          animation: isLive ? "live 2s ease-out infinite" : "none",
        }}
      />
      <Typography variant="caption" sx={{ fontWeight: 650 }}>
        {t(isLive ? "live.on" : "live.off")}
      </Typography>
    </Box>
  );
}

function SchemeButton() {
  const { t } = useLanguage();
  const { scheme, toggle } = useColourScheme();
  const text = t(scheme === "dark" ? "nav.theme.light" : "nav.theme.dark");
  return (
    <IconButton title={text} aria-label={text} onClick={toggle}>
      {scheme === "dark" ? <SunIcon fontSize="small" /> : <MoonIcon fontSize="small" />}
    </IconButton>
  );
}

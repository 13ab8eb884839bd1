/** What is around the pages for people who are not logged in. */
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

import { LanguageMenu } from "@/shell/language_menu";
import { Logo } from "@/shell/logo";
import { useLanguage } from "@/text/language";

interface EntryFrameProps {
  /** Shown above the card, such as that the session is over. */
  readonly notices?: ReactNode;
  /** Shown below the card: other ways in. */
  readonly ways?: ReactNode;
  readonly children: ReactNode;
}

/** A card in the middle of the window, below the name of the product. */
export function EntryFrame({ notices, ways, children }: EntryFrameProps) {
  const { t } = useLanguage();
  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Stack spacing={3} sx={{ width: "100%", maxWidth: 400 }}>
        <Stack spacing={1} sx={{ alignItems: "center" }}>
          <Logo size={52} />
          <Typography variant="h1">Leadline</Typography>
          <Typography color="textSecondary">{t("app.tagline")}</Typography>
        </Stack>
        {notices}
        <Card sx={{ p: 3 }}>{children}</Card>
        <Stack spacing={1} sx={{ alignItems: "center" }}>
          {ways}
          <LanguageMenu />
        </Stack>
      </Stack>
    </Box>
  );
}

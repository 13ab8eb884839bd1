/** The settings, part by part. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import dynamic from "next/dynamic";
import NextLink from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import { useEffect, useRef } from "react";

import { PageHeading } from "@/common/page_heading";
import { PageSkeleton } from "@/common/page_skeleton";
import { useTexts } from "@/text/language";

import { settingsTexts } from "./texts";

const PARTS = {
  account: dynamic(() => import("./account").then((module) => module.Account), { ssr: false, loading: PageSkeleton }),
  organization: dynamic(() => import("@/organization/organization").then((module) => module.Organization), { ssr: false, loading: PageSkeleton }),
  users: dynamic(() => import("./users").then((module) => module.Users), { ssr: false, loading: PageSkeleton }),
  programs: dynamic(() => import("./programs").then((module) => module.Programs), { ssr: false, loading: PageSkeleton }),
  webhooks: dynamic(() => import("./webhooks").then((module) => module.Webhooks), { ssr: false, loading: PageSkeleton }),
  websites: dynamic(() => import("@/websites/websites").then((module) => module.Websites), { ssr: false, loading: PageSkeleton }),
};
type PartName = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as PartName[];

/** The page with the settings; the address names the part. */
export function SettingsView() {
  const text = useTexts(settingsTexts);
  const path = usePathname();
  const wanted = useSearchParams().get("part");
  const shown = NAMES.find((name) => name === wanted) ?? "account";
  const Part = PARTS[shown];
  const chosen = useRef<HTMLAnchorElement>(null);
  // On a phone the parts are wider than the page.
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [shown]);
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 }, maxWidth: 980 }}>
      <PageHeading title={text("title")} subtitle={text("subtitle")} />
      <Box component="nav" aria-label={text("parts")} sx={{ display: "flex", gap: 0.5, overflowX: "auto", mx: -0.5 }}>
        {NAMES.map((name) => (
          <Button
            key={name}
            component={NextLink}
            href={`${path}?part=${name}`}
            replace
            ref={name === shown ? chosen : undefined}
            variant={name === shown ? "contained" : "text"}
            aria-current={name === shown ? "page" : undefined}
            sx={{ flexShrink: 0 }}
          >
            {text(`part.${name}`)}
          </Button>
        ))}
      </Box>
      <Part />
    </Box>
  );
}

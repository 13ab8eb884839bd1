"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const SettingsView = dynamic(() => import("@/settings/settings_view").then((module) => module.SettingsView), {
  ssr: false,
  loading: PageSkeleton,
});

/** The settings; `?part=` names which. */
export default function Page() {
  return <SettingsView />;
}

"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const NotificationsView = dynamic(() => import("@/notifications/notifications_view").then((module) => module.NotificationsView), {
  ssr: false,
  loading: PageSkeleton,
});

/** What the reader is told. */
export default function Page() {
  return <NotificationsView />;
}

"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const LogIn = dynamic(() => import("@/session/log_in").then((module) => module.LogIn), { ssr: false, loading: PageSkeleton });

/** The log-in. */
export default function Page() {
  return <LogIn />;
}

"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const LeadView = dynamic(() => import("@/lead/lead_view").then((module) => module.LeadView), { ssr: false, loading: PageSkeleton });

/** One lead; `?id=` names it. */
export default function Page() {
  return <LeadView />;
}

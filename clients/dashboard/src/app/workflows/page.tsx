"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const WorkflowsView = dynamic(() => import("@/workflows/workflows_view").then((module) => module.WorkflowsView), {
  ssr: false,
  loading: PageSkeleton,
});

/** The workflows. */
export default function Page() {
  return <WorkflowsView />;
}

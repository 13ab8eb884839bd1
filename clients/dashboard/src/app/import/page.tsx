"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const ImportView = dynamic(() => import("@/importing/import_view").then((module) => module.ImportView), { ssr: false, loading: PageSkeleton });

/** Bringing in leads. */
export default function Page() {
  return <ImportView />;
}

"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const ModelsView = dynamic(() => import("@/models/models_view").then((module) => module.ModelsView), { ssr: false, loading: PageSkeleton });

/** The models. */
export default function Page() {
  return <ModelsView />;
}

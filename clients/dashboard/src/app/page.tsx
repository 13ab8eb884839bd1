"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const Board = dynamic(() => import("@/board/board").then((module) => module.Board), { ssr: false, loading: PageSkeleton });

/** The live board. */
export default function Page() {
  return <Board />;
}

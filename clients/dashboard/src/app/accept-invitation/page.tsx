"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const AcceptInvitation = dynamic(() => import("@/session/accept_invitation").then((module) => module.AcceptInvitation), { ssr: false, loading: PageSkeleton });

/** The link of an invitation. */
export default function Page() {
  return <AcceptInvitation />;
}

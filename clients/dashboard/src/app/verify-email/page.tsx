"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const VerifyEmail = dynamic(() => import("@/session/verify_email").then((module) => module.VerifyEmail), { ssr: false, loading: PageSkeleton });

/** The link that verifies an e-mail address. */
export default function Page() {
  return <VerifyEmail />;
}

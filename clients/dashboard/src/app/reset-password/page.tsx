"use client";

import dynamic from "next/dynamic";

import { PageSkeleton } from "@/common/page_skeleton";

const ResetPassword = dynamic(() => import("@/session/reset_password").then((module) => module.ResetPassword), { ssr: false, loading: PageSkeleton });

/** A new password, with the link of a message or without. */
export default function Page() {
  return <ResetPassword />;
}

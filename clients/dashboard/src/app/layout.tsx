import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";

import { Application } from "@/shell/application";

import "./globals.css";

export const metadata: Metadata = {
  title: "Leadline",
  description: "Which leads convert, and why.",
  manifest: "/app/manifest.webmanifest",
  icons: { icon: "/app/icon.svg", apple: "/app/icon-192.png" },
  formatDetection: { telephone: false },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f6f7fb" },
    { media: "(prefers-color-scheme: dark)", color: "#0d1017" },
  ],
};

/** The frame of every page. What is inside is made in the browser alone, since it depends on who looks. */
export default function RootLayout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <noscript>Leadline needs JavaScript. Leadline braucht JavaScript.</noscript>
        <Application>{children}</Application>
      </body>
    </html>
  );
}

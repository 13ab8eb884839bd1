import { Head, Html, Main, NextScript } from "next/document";

/** What stands in every page before anything runs. */
export default function Document() {
  return (
    <Html lang="en">
      <Head>
        <meta name="description" content="Which leads convert, and why." />
        <meta name="format-detection" content="telephone=no" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f7fb" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d1017" />
        <link rel="manifest" href="/app/manifest.webmanifest" />
        <link rel="icon" href="/app/icon.svg" />
        <link rel="apple-touch-icon" href="/app/icon-192.png" />
      </Head>
      <body>
        <noscript>Leadline needs JavaScript. Leadline braucht JavaScript.</noscript>
        <Main />
        <NextScript />
      </body>
    </Html>
  );
}

import type { AppProps } from "next/app";
import Head from "next/head";
import { Fragment } from "react";

import { Application } from "@/shell/application";
import type { Page } from "@/shell/members_only";

import "@/shell/globals.css";

/** What is around every page. What is inside is made in the browser alone, since it depends on who looks. */
export default function App({ Component }: AppProps & { readonly Component: Page }) {
  const Layout = Component.Layout ?? Fragment;
  return (
    <>
      <Head>
        <title>Leadline</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
      </Head>
      <Application>
        <Layout>
          <Component />
        </Layout>
      </Application>
    </>
  );
}

import path from "node:path";

import type { NextConfig } from "next";

const repository = path.resolve(import.meta.dirname, "../..");

const configuration: NextConfig = {
  output: "export",
  basePath: "/app",
  trailingSlash: true,
  reactStrictMode: true,
  poweredByHeader: false,
  // `npm run lint` checks the types.
  typescript: { ignoreBuildErrors: true },
  images: { unoptimized: true },
  // The SDK is a folder of the same repository, outside of this one.
  outputFileTracingRoot: repository,
};

export default configuration;

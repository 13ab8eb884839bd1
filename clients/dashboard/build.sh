#!/usr/bin/env bash
# Builds the dashboard into out/, or leaves it where its sources are unchanged since it was built.
set -euo pipefail
cd "$(dirname "$0")"
export NEXT_TELEMETRY_DISABLED=1
command -v npm > /dev/null || { echo 'npm is missing: the dashboard is built with Node 20.9 or newer'; exit 1; }
sources=(src public scripts package.json package-lock.json next.config.ts tsconfig.json build.sh
  ../../sdk/typescript/{src,gen,package.json,package-lock.json,tsconfig.json,tsconfig.build.json})
digest=$(find "${sources[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
if [ "$(cat out/.digest 2> /dev/null)" = "$digest" ] && [ -e ../../sdk/typescript/dist/src/index.d.ts ]; then
  echo 'The dashboard is built already.'
  exit 0
fi
for folder in ../../sdk/typescript .; do
  (cd "$folder" && if [ package-lock.json -nt node_modules/.package-lock.json ]; then npm ci --no-audit --no-fund --loglevel=error; fi)
done
(cd ../../sdk/typescript && npm run --silent build)
npm run --silent build
echo "$digest" > out/.digest

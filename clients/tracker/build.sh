#!/usr/bin/env bash
# Builds the tracker into dist/leadline.js with the TypeScript SDK's compiler, or leaves it where it is unchanged.
set -euo pipefail
cd "$(dirname "$0")"
sdk=../../sdk/typescript
digest=$(cat src/leadline.ts tsconfig.json build.sh $sdk/package-lock.json | sha256sum | cut -d ' ' -f 1)
if [ "$(cat dist/.digest 2> /dev/null)" = "$digest" ]; then
  echo 'The tracker is built already.'
  exit 0
fi
command -v npm > /dev/null || { echo 'npm is missing: the tracker is built with Node 20.9 or newer'; exit 1; }
(cd $sdk && if [ package-lock.json -nt node_modules/.package-lock.json ]; then npm ci --no-audit --no-fund --loglevel=error; fi)
$sdk/node_modules/.bin/tsc --project .
echo "$digest" > dist/.digest

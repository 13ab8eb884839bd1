/**
 * Makes the built pages fit a strict Content-Security-Policy: no script stands in a page, each is a file of its own. Data
 * does no harm, and stays.
 * Refuses a page that loads too much, and lists all files for the service worker. Run after `next build`.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

const OUT = path.resolve(import.meta.dirname, "../out");
const BASE = "/app";
/** Bytes, gzipped, of what a page loads first: what it loads later, by itself, must have room below 350 KiB, too. */
const MOST_JAVASCRIPT = 300 * 1024;
const SCRIPTS = "_next/static/inline";
const digestOf = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const files = (await readdir(OUT, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(OUT, path.join(entry.parentPath, entry.name)));

await mkdir(path.join(OUT, SCRIPTS), { recursive: true });
const written = new Set();
for (const file of files.filter((name) => name.endsWith(".html"))) {
  const page = await readFile(path.join(OUT, file), "utf8");
  const pending = [];
  const changed = page.replace(/<script((?:(?!\ssrc=|\stype="application\/json")[^>])*)>([\s\S]*?)<\/script>/g, (_whole, attributes, code) => {
    const name = `${SCRIPTS}/${digestOf(code)}.js`;
    pending.push(writeFile(path.join(OUT, name), code));
    written.add(name);
    return `<script${attributes} src="${BASE}/${name}"></script>`;
  });
  if (/<style[\s>]|\sstyle="|\son[a-z]+="/i.test(changed)) throw new Error(`${file} has a style or a handler inside it`);
  await Promise.all([...pending, writeFile(path.join(OUT, file), changed)]);
}

// What a page loads before anybody does anything. Browsers that know modules leave the scripts out that are for others.
for (const file of files.filter((name) => name.endsWith(".html"))) {
  const page = await readFile(path.join(OUT, file), "utf8");
  const scripts = [...page.matchAll(/<script(?:(?!noModule)[^>])*?\ssrc="([^"]+)"(?:(?!noModule)[^>])*>/g)].map(([, source]) => source.slice(BASE.length));
  const sizes = await Promise.all(scripts.map(async (source) => gzipSync(await readFile(path.join(OUT, source))).length));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  if (size > MOST_JAVASCRIPT) throw new Error(`${file} loads ${size} bytes of gzipped JavaScript, more than ${MOST_JAVASCRIPT}`);
  if (process.env.LEADLINE_SIZES) console.log(`${file}: ${size}`);
}

// Pages are kept by the addresses under which they are asked for. Next's own data files only speed up prefetching.
const kept = [...files, ...written]
  .filter((name) => !name.endsWith(".txt") && !name.startsWith("404") && !name.startsWith("_not-found") && name !== "service_worker.js")
  .map((name) => `${BASE}/${name.replace(/(^|\/)index\.html$/, "$1")}`)
  .sort();
const worker = await readFile(path.join(OUT, "service_worker.js"), "utf8");
const listed = worker.replace('"@FILES@"', JSON.stringify(kept)).replace("@VERSION@", digestOf(JSON.stringify(kept)));
await writeFile(path.join(OUT, "service_worker.js"), listed);

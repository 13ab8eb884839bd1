/**
 * Measures the dashboard in a real browser: what a page loads, how a long board scrolls, how soon a score change is seen,
 * and what five hundred changes a second cost. Prints the figures as JSON.
 *
 * node tests/figures.mjs ADDRESS TOKEN_FILE EVENT_TYPE CHANGE_SECONDS
 */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

import { launch, logInWithToken, recordEvent } from "./browser.mjs";
import { burstInto } from "./burst.mjs";

const [address, tokenFile, eventType, changeSeconds] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();

const EVENTS = 30;
const CHANGES_A_SECOND = 500;
/** Of one frame of sixty a second, with room for the clock of the browser. */
const FRAME_MS = 1_000 / 60 + 0.5;
const SCROLL_MS = 5_000;
const PAGES = ["", "lead/", "workflows/", "notifications/", "models/", "import/", "settings/", "log-in/"];
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const rest = async (path) => (await fetch(`http://${address}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();

const browser = await launch();
const openContext = async () => {
  const context = await browser.newContext({ viewport: { width: 1366, height: 860 }, serviceWorkers: "block" });
  const page = await context.newPage();
  await logInWithToken(page, address, token);
  await page.getByRole("list", { name: "Leads by score" }).getByRole("listitem").nth(5).getByRole("link").waitFor();
  return { context, page };
};

/** Gives the bytes of gzipped JavaScript that each page loads first. */
async function loads(page) {
  const [lead] = (await rest("/v1/leads?pageSize=1")).leads;
  const sizes = {};
  for (const name of PAGES) {
    const scripts = new Map();
    const note = async (response) => {
      const body = response.url().endsWith(".js") && (await response.body().catch(() => undefined));
      if (body) scripts.set(response.url(), gzipSync(body).length);
    };
    page.on("response", note);
    await page.goto(`http://${address}/app/${name}${name === "lead/" ? `?id=${lead.name.slice(6)}` : ""}`);
    await page.waitForTimeout(2_000);
    page.off("response", note);
    sizes[name || "board/"] = [...scripts.values()].reduce((sum, size) => sum + size, 0);
  }
  return sizes;
}

/** Gives the milliseconds between frames, and those in which the page's own thread was busy, while something goes on. */
async function frames(page, go) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  await page.evaluate(() => {
    window.frameTimes = [];
    const note = (time) => {
      window.frameTimes.push(time);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  const before = await busy();
  await go();
  const spent = (await busy()) - before;
  const times = await page.evaluate(() => window.frameTimes);
  const gaps = times.slice(1).map((time, place) => time - times[place]);
  return { gaps, busyShare: spent / (times.at(-1) - times[0]), busyPerFrame: spent / gaps.length };
}

/** Scrolls through the whole board, faster than anybody reads. */
const scroll = (page) =>
  page.evaluate(async (duration) => {
    const end = document.documentElement.scrollHeight - window.innerHeight;
    const begin = performance.now();
    await new Promise((resolve) => {
      const step = () => {
        const share = Math.min(1, (performance.now() - begin) / duration);
        window.scrollTo(0, end * share);
        if (share < 1) requestAnimationFrame(step);
        else resolve();
      };
      step();
    });
  }, SCROLL_MS);

/** Gives the milliseconds from each event's sending until its lead is among the moving scores. */
async function delays(page) {
  const filter = encodeURIComponent("status = OPEN AND score >= 25 AND score <= 75");
  const { leads } = await rest(`/v1/leads?pageSize=${EVENTS}&filter=${filter}`);
  const found = [];
  for (const { name } of leads) {
    const seen = page.evaluate(
      (id) =>
        new Promise((resolve) => {
          const list = document.querySelector("main");
          const isThere = () => list.querySelector(`ul[aria-live=off] a[href*="${id}"]`) !== null;
          const observer = new MutationObserver(() => {
            if (!isThere()) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(Date.now()));
          });
          observer.observe(list, { childList: true, subtree: true, attributes: true });
          setTimeout(() => resolve(undefined), 3_000);
        }),
      name.slice(6),
    );
    const sent = Date.now();
    await recordEvent(address, token, name, eventType);
    const at = await seen;
    if (at !== undefined) found.push(at - sent);
    await page.waitForTimeout(150);
  }
  return found;
}

/** Sends changes through a socket that stands in for the bridge's, and tells what they cost. */
async function flood() {
  const { leads } = await rest("/v1/leads?pageSize=1000&filter=status%20%3D%20OPEN");
  const context = await browser.newContext({ viewport: { width: 1366, height: 860 }, serviceWorkers: "block" });
  const page = await context.newPage();
  const burst = await burstInto(page, leads.map(({ name }) => name), CHANGES_A_SECOND);
  await logInWithToken(page, address, token);
  await page.getByRole("list", { name: "Leads by score" }).getByRole("listitem").nth(5).getByRole("link").waitFor();
  const session = await context.newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  const seconds = Number(changeSeconds);
  burst.begin();
  await page.waitForTimeout(3_000);
  const before = await heap();
  const already = burst.sent();
  const begun = Date.now();
  const { gaps, busyShare } = await frames(page, () => page.waitForTimeout(seconds * 1_000));
  const elapsed = (Date.now() - begun) / 1_000;
  const changes = (burst.sent() - already) / elapsed;
  const after = await heap();
  burst.close();
  await context.close();
  return { changes, gaps, busyShare, growth: after / before, heap: after };
}

/** Gives the share of frames that came later than sixty a second have them come. */
const lateShare = (gaps) => gaps.filter((gap) => gap > FRAME_MS).length / gaps.length;

const { context, page } = await openContext();
const javascript = await loads(page);
await page.goto(`http://${address}/app/`);
await page.getByText(/^[\d,.]+ leads, the most promising first$/).waitFor();
await page.waitForTimeout(4_000);
const rows = Number((await page.getByText(/^[\d,.]+ leads, the most promising first$/).textContent()).replace(/\D/g, ""));
const scrolled = await frames(page, () => scroll(page));
await page.evaluate(() => window.scrollTo(0, 0));
const seen = await delays(page);
await context.close();
const flooded = await flood();
await browser.close();

console.log(
  JSON.stringify({
    javascript,
    rows,
    scroll: { fps: 1_000 / (scrolled.gaps.reduce((a, b) => a + b, 0) / scrolled.gaps.length), gapP95: percentile(scrolled.gaps, 0.95), late: lateShare(scrolled.gaps), busy: scrolled.busyPerFrame },
    seen: { count: seen.length, of: EVENTS, p50: percentile(seen, 0.5), p95: percentile(seen, 0.95) },
    flood: { changes: flooded.changes, gapP95: percentile(flooded.gaps, 0.95), late: lateShare(flooded.gaps), busyShare: flooded.busyShare, growth: flooded.growth, megabytes: flooded.heap / 1e6 },
  }),
);

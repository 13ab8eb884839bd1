/**
 * Visits to a website with the tracker in a real browser: before and after consent, with a form, with Global Privacy
 * Control, and without storage. Prints as JSON what was sent to the edge in each visit.
 *
 * node tests/journey.mjs WEBSITE EDGE
 */
import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../../dashboard/package.json", import.meta.url))("playwright-core");

const [website, edge] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const found = { errors: [], cookies: 0 };

/** Visits the website, and gives what was sent to the edge and how it was answered. */
async function visit(walk, prepare) {
  const context = await browser.newContext();
  if (prepare) await context.addInitScript(prepare);
  const sent = [];
  const answered = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(edge)) return;
    sent.push({ type: request.headers()["content-type"].split(";")[0], body: JSON.parse(request.postData()) });
  });
  context.on("response", (response) => response.url().startsWith(edge) && answered.push(response.status()));
  const page = await context.newPage();
  page.on("pageerror", (error) => found.errors.push(error.message));
  await page.goto(`${website}/index.html?utm_source=letter&secret=1#part`);
  await walk(page, sent);
  await page.waitForTimeout(500);
  found.cookies += (await context.cookies()).length;
  await context.close();
  return { sent, answered };
}

const withoutConsent = visit(async (page) => {
  await page.evaluate(() => leadline.track("video_played"));
  await page.click("text=Other");
  await page.waitForTimeout(3_500);
  found.storedBefore = await page.evaluate(() => localStorage.length);
});
const consented = visit(async (page, sent) => {
  await page.evaluate(() => leadline.consent(true));
  await page.evaluate(() => leadline.track("video_played", { video: "Tour" }));
  found.storedMeanwhile = await page.evaluate(() => localStorage.length);
  const end = Date.now() + 10_000;
  while (sent.length === 0 && Date.now() < end) await page.waitForTimeout(100);
  await page.fill("#email", "noor@example.com");
  await page.fill("#name", "Noor");
  await page.fill("#interest", "Cranes");
  await page.fill("#unmarked", "private");
  await page.fill("#password", "private");
  await page.click("button");
  await page.waitForURL(/thanks/);
  await page.evaluate(() => leadline.consent(false));
  await page.evaluate(() => leadline.track("video_played"));
  found.storedAfterwards = await page.evaluate(() => localStorage.length);
});
const consentAtOnce = (page) => page.evaluate(() => leadline.consent(true)).then(() => page.waitForTimeout(3_500));
const privacyControl = visit(consentAtOnce, () =>
  Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true }),
);
const doNotTrack = visit(consentAtOnce, () =>
  Object.defineProperty(Navigator.prototype, "doNotTrack", { get: () => "1" }),
);
const withoutStorage = visit(consentAtOnce, () =>
  Object.defineProperty(window, "localStorage", {
    get: () => {
      throw new DOMException("denied", "SecurityError");
    },
  }),
);
const withoutBeacon = visit(consentAtOnce, () => {
  navigator.sendBeacon = () => false;
});
found.withoutConsent = await withoutConsent;
found.consented = await consented;
found.privacyControl = await privacyControl;
found.doNotTrack = await doNotTrack;
found.withoutStorage = await withoutStorage;
found.withoutBeacon = await withoutBeacon;
process.stdout.write(JSON.stringify(found));
await browser.close();

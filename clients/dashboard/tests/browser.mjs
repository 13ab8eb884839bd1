/** What all journeys share: a real browser at two sizes, what it looks for on each page, and what it found. */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const MOST_FADING_MS = 2_000;
const SETTLED_MS = 1_000;

/** Waits until nothing fades in or out any more: it is neither there nor gone, and has the contrast of neither. */
async function stillness(page) {
  await page.evaluate(async (most) => {
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime < Infinity);
    await Promise.race([Promise.allSettled(ending.map(({ finished }) => finished)), new Promise((resolve) => setTimeout(resolve, most))]);
  }, MOST_FADING_MS);
}

export const DEVICES = [
  { device: "desktop", viewport: { width: 1366, height: 860 }, colorScheme: "light" },
  { device: "phone", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
];

/** Starts the browser. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
}

/**
 * Goes on a journey with each device, one after the other, and prints what was found as JSON.
 *
 * @param address `host:port` of the edge.
 * @param folder Where pictures are kept.
 * @param travel Called with what a journey needs: the page, its device, and `look`, which takes a picture of a page and
 *   notes what is wrong with it.
 */
export async function journey(address, folder, travel) {
  await mkdir(folder, { recursive: true });
  const browser = await launch();
  const found = { foreign: [], errors: [], violations: [], overflows: [], markup: [], javascript: {} };
  for (const { device, viewport, colorScheme } of DEVICES) {
    const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB", serviceWorkers: "block" });
    const page = await context.newPage();
    const scripts = new Map();
    page.on("request", (request) => {
      const { host, protocol } = new URL(request.url());
      if (host !== address && !["data:", "blob:"].includes(protocol)) found.foreign.push(request.url());
    });
    page.on("response", async (response) => {
      if (!response.url().endsWith(".js") || response.url().includes("service_worker")) return;
      const body = await response.body().catch(() => undefined);
      if (body) scripts.set(response.url(), gzipSync(body).length);
    });
    page.on("pageerror", (error) => found.errors.push(`${device}: ${String(error)}`));
    page.on("console", (message) => {
      if (message.type() === "error") found.errors.push(`${device}: ${message.text()}`);
    });
    const look = async (name) => {
      await stillness(page);
      await page.screenshot({ path: path.join(folder, `${device}-${name}.png`) });
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (excess > 0) found.overflows.push(`${device} ${name}: ${excess} px`);
      // Through the debugger's door: the page's own policy forbids scripts of others.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      for (const { id, impact, nodes } of violations) {
        if (impact === "serious" || impact === "critical") {
          found.violations.push(`${device} ${name}: ${id} ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(", ")}`);
        }
      }
    };
    /** Notes how much JavaScript the present page loads anew, gzipped. */
    const weigh = async (name, isThere) => {
      scripts.clear();
      await page.reload();
      await isThere();
      // The network is never idle: notifications come by a stream.
      await page.waitForTimeout(SETTLED_MS);
      found.javascript[`${device} ${name}`] = [...scripts.values()].reduce((sum, size) => sum + size, 0);
    };
    try {
      await travel({ page, context, device, look, weigh, found });
    } catch (error) {
      await page.screenshot({ path: path.join(folder, `${device}-failed.png`) });
      throw error;
    }
    await context.close();
  }
  await browser.close();
  console.log(JSON.stringify(found, null, 1));
}

/** Logs in by a token that was made elsewhere. */
export async function logInWithToken(page, address, token, begin = "/") {
  await page.goto(`http://${address}${begin}`);
  await page.getByRole("button", { name: "Use an access token instead" }).click();
  await page.getByRole("textbox").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Calls Leadline over REST, as a CRM would; with an empty token, as somebody who is not logged in. */
export async function call(address, token, path, body) {
  const response = await fetch(`http://${address}${path}`, {
    method: "POST",
    headers: { ...(token && { authorization: `Bearer ${token}` }), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Records that something happened to a lead, now. */
export function recordEvent(address, token, lead, type) {
  const eventId = `journey-${Math.random().toString(36).slice(2)}`;
  const event = { eventId, lead, type, occurredTime: new Date().toISOString(), properties: { topic: { text: "Pricing" } } };
  return call(address, token, "/v1/events:record", { events: [event], idempotencyKey: eventId });
}

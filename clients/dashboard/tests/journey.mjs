/**
 * A journey through the dashboard in a real browser: log-in by a token, board, filters, a lead, models; on a desktop and
 * on a phone, with what axe finds and what a page loads. Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER
 */
import { readFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";

const [address, tokenFile, folder] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
await mkdir(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const total = (sizes) => [...sizes.values()].reduce((sum, size) => sum + size, 0);
const found = { foreign: [], errors: [], violations: [], javascript: {} };

for (const [device, viewport, colorScheme] of [
  ["desktop", { width: 1366, height: 860 }, "light"],
  ["phone", { width: 390, height: 844 }, "dark"],
]) {
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
    await page.screenshot({ path: path.join(folder, `${device}-${name}.png`) });
    // Through the debugger's door: the page's own policy forbids scripts of others.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    for (const { id, impact, nodes } of violations) {
      if (impact === "serious" || impact === "critical") {
        found.violations.push(`${device} ${name}: ${id} ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(", ")}`);
      }
    }
  };

  await page.goto(`http://${address}/`);
  await page.getByRole("button", { name: "Use an access token instead" }).click();
  await look("log-in");
  await page.getByRole("textbox").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("list", { name: "Leads by score" }).getByRole("listitem").nth(5).getByRole("link").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.waitForTimeout(700);
  await look("board");
  await page.getByRole("button", { name: /Grade A/ }).click();
  await page.waitForURL(/grade=A/);
  scripts.clear();
  await page.reload();
  await page.getByRole("button", { name: /Grade A/, pressed: true }).waitFor();

  await page.waitForLoadState("networkidle");
  found.javascript[`${device} board`] = total(scripts);
  await page.getByRole("list", { name: "Leads by score" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Why this score" }).waitFor();
  await page.getByRole("list", { name: "Reasons, the strongest first" }).waitFor();
  await page.waitForTimeout(900);
  await look("lead");
  scripts.clear();
  await page.reload();
  await page.getByRole("list", { name: "Reasons, the strongest first" }).waitFor();
  await page.waitForTimeout(500);
  found.javascript[`${device} lead`] = total(scripts);

  await page.getByRole("link", { name: "Models" }).click();
  await page.getByRole("heading", { name: "Predicted and observed" }).waitFor();
  await page.waitForTimeout(900);
  await look("models");
  await context.close();
}
await browser.close();
console.log(JSON.stringify(found, null, 1));

/**
 * Tries an rpc on the documentation page in a real browser. Prints as JSON what the page answered, which errors it had
 * and which other hosts it asked.
 *
 * node documentation_page.mjs ADDRESS TOKEN OPERATION
 */
import { createRequire } from "node:module";

const dashboard = new URL("../../../clients/dashboard/package.json", import.meta.url);
const { chromium } = createRequire(dashboard)("playwright-core");

const [address, token, operation] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const page = await browser.newPage();
const found = { errors: [], foreign: [] };
page.on("console", (message) => message.type() === "error" && found.errors.push(message.text()));
page.on("pageerror", (error) => found.errors.push(error.message));
page.on("request", (request) => {
  const { protocol, host } = new URL(request.url());
  if (protocol.startsWith("http") && host !== address) found.foreign.push(request.url());
});
await page.goto(`http://${address}/docs`);
await page.getByRole("button", { name: "Authorize" }).first().click();
await page.getByLabel("auth-bearer-value").fill(token);
await page.getByRole("button", { name: "Apply credentials" }).click();
await page.getByRole("button", { name: "Close" }).last().click();
const [tag, rpc] = operation.split("_");
await page.locator(`#operations-tag-${tag}`).click();
const block = page.locator(`#operations-${tag}-${operation}`);
await block.locator(".opblock-summary-control").click();
await block.getByPlaceholder("lead", { exact: true }).fill("00000000-0000-7000-8000-000000000001");
await block.getByRole("button", { name: "Execute" }).click();
const answer = block.locator(".live-responses-table .response");
found.status = (await answer.locator(".response-col_status").first().innerText()).trim();
found.body = await answer.locator(".microlight, code").first().innerText();
process.stdout.write(JSON.stringify(found));
await browser.close();

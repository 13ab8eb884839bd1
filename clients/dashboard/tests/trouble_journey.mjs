/**
 * A journey through trouble: a browser that keeps nothing for pages, a session that ends in mid-use, a connection that is
 * lost and comes back.
 * Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/trouble_journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER
 */
import { readFile } from "node:fs/promises";

import { journey, logInWithToken } from "./browser.mjs";

const [address, tokenFile, folder] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();
/** What the browser itself writes down while there is no connection. */
const LOST = /ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket connection/;

await journey(address, folder, async ({ page, context, look, weigh, found }) => {
  const leads = page.getByRole("list", { name: "Leads by score" }).getByRole("listitem").getByRole("link");

  const bare = await context.browser().newContext({ viewport: page.viewportSize(), serviceWorkers: "block" });
  const barePage = await bare.newPage();
  await barePage.addInitScript(() => {
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("denied", "SecurityError");
      },
    });
  });
  await barePage.goto(`http://${address}/`);
  await barePage.getByText(/This browser keeps no data for pages/).waitFor();
  await logInWithToken(barePage, address, token);
  await barePage.getByRole("list", { name: "Leads by score" }).getByRole("link").first().waitFor();
  await bare.close();

  await page.goto(`http://${address}/app/log-in/`);
  await weigh("log-in", () => page.getByRole("button", { name: "Log in" }).waitFor());
  await logInWithToken(page, address, token, "/app/?status=ALL");
  await leads.nth(3).waitFor();
  await page.evaluate(() => {
    const held = JSON.parse(localStorage.getItem("leadline.session"));
    localStorage.setItem("leadline.session", JSON.stringify({ ...held, accessToken: "of.another.time", expiresAt: 0 }));
  });
  // Whatever is called next finds out; that may be the page itself, before the link is there to be clicked.
  await page.evaluate(() => document.querySelector('a[href$="/models/"]')?.click());
  await page.getByText(/Your session is over/).waitFor();
  await page.waitForTimeout(500);
  await look("session-over");
  await page.getByRole("button", { name: "Use an access token instead" }).click();
  await page.getByRole("textbox").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  await page.getByRole("link", { name: "Board" }).click();
  await leads.nth(3).waitFor();

  await context.setOffline(true);
  await page.getByText(/^You are offline/).waitFor();
  await look("offline");
  await context.setOffline(false);
  await page.getByText(/^You are offline/).waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  found.errors = found.errors.filter((error) => !LOST.test(error));
});

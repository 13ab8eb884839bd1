/**
 * A journey through trouble: a browser that keeps nothing for pages, a session that ends in mid-use, a connection that is
 * lost and comes back, a server that is gone for a while, and more changes of scores than anybody can look at.
 * Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/trouble_journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER LEAD,LEAD
 */
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";

import { call, journey, logInWithToken } from "./browser.mjs";
import { burstInto } from "./burst.mjs";

const [address, tokenFile, folder, names] = process.argv.slice(2);
const leadsToMove = names.split(",");
const BURST_MS = 2_000;
const CHANGES_A_SECOND = 500;
const token = (await readFile(tokenFile, "utf8")).trim();
/** What the browser itself writes down while there is no connection. */
const LOST = /ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket connection/;

/** Stands before the edge, so that a page can lose it and have it back. */
async function door() {
  const [host, port] = address.split(":");
  const open = new Set();
  let isShut = false;
  const server = createServer((socket) => {
    const onward = connect(Number(port), host);
    for (const end of [socket, onward]) {
      open.add(end);
      end.on("error", () => undefined).on("close", () => {
        open.delete(end);
        socket.destroy();
        onward.destroy();
      });
    }
    if (isShut) socket.destroy();
    else socket.pipe(onward).pipe(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    shut: () => {
      isShut = true;
      for (const end of open) end.destroy();
    },
    reopen: () => {
      isShut = false;
    },
    close: () => server.close(),
  };
}

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

  const lead = leadsToMove.shift();
  const between = await door();
  const guest = await context.browser().newContext({ viewport: page.viewportSize(), locale: "en-GB", serviceWorkers: "block" });
  const guestPage = await guest.newPage();
  await logInWithToken(guestPage, between.address, token, "/app/?status=ALL");
  const rows = guestPage.getByRole("list", { name: "Leads by score" }).getByRole("listitem");
  await guestPage.getByText("Live", { exact: true }).waitFor();
  await rows.nth(3).getByRole("link").waitFor();
  between.shut();
  await guestPage.getByText("Reconnecting…").waitFor();
  // What happens meanwhile is there afterwards, once.
  const { value } = await call(address, token, `/v1/${lead}:overrideScore`, { value: 99, idempotencyKey: `${lead}-${Date.now()}` });
  between.reopen();
  await guestPage.getByText("Live", { exact: true }).waitFor();
  const moved = guestPage.getByRole("region", { name: "Moving scores" }).locator(`a[href*="${lead.slice("leads/".length)}"]`);
  await moved.getByText(String(value), { exact: true }).waitFor();
  if ((await moved.count()) !== 1) found.errors.push("a change is told more than once");
  await call(address, token, `/v1/${lead}:clearScoreOverride`, { idempotencyKey: `${lead}-${Date.now()}-clear` });
  await guest.close();
  between.close();

  const burst = await burstInto(page, leadsToMove.concat(lead), CHANGES_A_SECOND);
  await page.goto(`http://${address}/app/?status=ALL`);
  await leads.nth(3).waitFor();
  burst.begin();
  await page.waitForTimeout(BURST_MS);
  burst.end();
  const last = burst.values.get(lead);
  await page.getByRole("region", { name: "Moving scores" }).locator(`a[href*="${lead.slice("leads/".length)}"]`).getByText(String(last), { exact: true }).waitFor();
  await page.getByRole("button", { name: /Grade A/ }).click();
  await page.getByRole("button", { name: /Grade A/, pressed: true }).waitFor();
  burst.close();
  found.errors = found.errors.filter((error) => !LOST.test(error));
});

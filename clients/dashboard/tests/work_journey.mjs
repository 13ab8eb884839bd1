/**
 * A journey through what moves: a workflow is written, tried and saved; an event then moves a lead's score, which shows
 * on the lead's page, sets the workflow off, and is told as a notification.
 * Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/work_journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER LEAD,LEAD
 */
import { readFile } from "node:fs/promises";

import { journey, logInWithToken, recordEvent } from "./browser.mjs";

const [address, tokenFile, folder, names] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();
const leads = names.split(",");

await journey(address, folder, async ({ page, device, look, weigh }) => {
  const lead = leads.shift();
  const name = `Rising leads, ${device}`;
  await logInWithToken(page, address, token, "/app/workflows/");
  await page.getByRole("button", { name: "New workflow" }).first().waitFor();
  await look("workflows-before");

  await page.getByRole("button", { name: "New workflow" }).first().click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText(/it would have acted/).waitFor();
  await look("workflow-tried");
  await page.getByLabel("Trigger").selectOption("condition");
  await page.getByLabel("Condition").fill("nonsense >");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.getByLabel("Trigger").selectOption("movement");
  await page.getByLabel("Points").fill("1");
  await page.getByLabel("Text").fill("$lead rises to $score <img src=x onerror='window.breached=1'>");
  await page.getByRole("button", { name: "Add an action" }).click();
  await page.getByRole("combobox", { name: "Action 2" }).selectOption("addToCrmQueue");
  await page.getByLabel("Queue").fill("hot");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("list", { name: "Workflows" }).getByText(name).waitFor();
  await page.getByText(/the score rises by 1 points within 24 h/).first().waitFor();

  await page.goto(`http://${address}/app/lead/?id=${lead.replace("leads/", "")}`);
  await page.getByRole("heading", { name: "Score over time" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await recordEvent(address, token, lead, "webinar_attended");
  await page.getByRole("list", { name: "What moved it" }).getByText("Webinar attended").first().waitFor();
  await page.getByRole("list", { name: "Timeline" }).getByText("topic: Pricing").waitFor();
  await page.getByRole("img", { name: /^Score over time: from/ }).waitFor();
  await page.getByRole("status", { name: /^\d+ unread$/ }).waitFor();
  await page.getByRole("heading", { name: "Score over time" }).scrollIntoViewIfNeeded();
  await page.waitForTimeout(400);
  await look("lead-history");

  await page.getByRole("button", { name: "Set the score by hand" }).click();
  await page.getByLabel("Score, 0 to 100").fill("97");
  await page.getByRole("button", { name: "Set it" }).click();
  await page.getByText(/^Set by hand .*; the model says \d+\.$/).waitFor();
  await page.getByRole("main").getByRole("img", { name: "Score 97 of 100" }).first().waitFor();
  await look("lead-override");
  await page.getByRole("button", { name: "Back to the model's score" }).click();
  await page.getByRole("button", { name: "Set the score by hand" }).waitFor();

  await page.getByRole("link", { name: /Notifications/ }).click();
  await page.getByRole("list", { name: "Notifications" }).getByText(/rises to \d+ <img/).first().waitFor();
  await look("notifications");
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await page.getByRole("status", { name: /unread$/ }).waitFor({ state: "detached" });

  await page.getByRole("link", { name: "Workflows" }).click();
  const runs = page.getByRole("list", { name: "What happened" });
  await runs.getByText(/^Score /).first().waitFor();
  await look("workflows");
  await weigh("workflows", () => runs.getByText(/^Score /).first().waitFor());
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name }) });
  await card.getByRole("switch").click();
  await card.getByRole("switch", { checked: false }).waitFor();
  await card.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Queue").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await card.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await card.waitFor({ state: "detached" });
});

/**
 * A journey through the dashboard in a real browser: log-in by a token, board, filters, a lead, models, an import of
 * leads that hold markup and very long names; on a desktop and on a phone, with what axe finds and what a page loads.
 * Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER
 */
import { readFile } from "node:fs/promises";

import { journey, logInWithToken } from "./browser.mjs";

const [address, tokenFile, folder] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();

const MARKUP = `<img src=x onerror="window.breached=1">`;
const LONG_NAME = "Wolfeschlegelsteinhausen".repeat(11).slice(0, 256);
const RIGHT_TO_LEFT = "\u05d3\u05e0\u05d4 \u05dc\u05d5\u05d9";
const quoted = (cell) => `"${cell.replaceAll('"', '""')}"`;
const csvOf = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\n");
const LEADS = csvOf([
  ["Lead ID", "Name", "E-mail", "Company", "Phone", "Owner", `Source ${MARKUP}`, "Remark"],
  ["journey-1", MARKUP, "markup@example.com", MARKUP, MARKUP, MARKUP, MARKUP, `</script><script>window.breached=1</script>${MARKUP}`],
  ["journey-2", LONG_NAME, "long@example.com", LONG_NAME, "", LONG_NAME, "Fair", "x".repeat(250)],
  ["journey-3", RIGHT_TO_LEFT, "rtl@example.com", `${RIGHT_TO_LEFT} ${RIGHT_TO_LEFT}`, "", RIGHT_TO_LEFT, "Fair", RIGHT_TO_LEFT],
  ["journey-4", "No Address", "nobody at all", "", "", "", "Fair", ""],
  ["journey-5", "n".repeat(400), "too-long@example.com", "", "", "", "Fair", ""],
]);

await journey(address, folder, async ({ page, device, look, weigh, found }) => {
  await page.goto(`http://${address}/`);
  await page.getByRole("button", { name: "Use an access token instead" }).click();
  await look("log-in");
  await logInWithToken(page, address, token);
  await page.getByRole("list", { name: "Leads by score" }).getByRole("listitem").nth(5).getByRole("link").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.waitForTimeout(700);
  await look("board");
  await page.getByRole("button", { name: /Grade A/ }).click();
  await page.waitForURL(/grade=A/);
  await weigh("board", () => page.getByRole("button", { name: /Grade A/, pressed: true }).waitFor());
  await page.getByRole("list", { name: "Leads by score" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Why this score" }).waitFor();
  await page.getByRole("list", { name: "Reasons, the strongest first" }).waitFor();
  await page.waitForTimeout(900);
  await look("lead");
  await weigh("lead", () => page.getByRole("list", { name: "Reasons, the strongest first" }).waitFor());

  await page.getByRole("link", { name: "Models" }).click();
  await page.getByRole("heading", { name: "Predicted and observed" }).waitFor();
  await page.waitForTimeout(900);
  await look("models");
  await weigh("models", () => page.getByRole("heading", { name: "Predicted and observed" }).waitFor());

  await page.getByRole("link", { name: "Import" }).click();
  const choose = (bytes) => page.locator("input[type=file]").setInputFiles({ name: "leads.csv", mimeType: "text/csv", buffer: bytes });
  await choose(Buffer.from("Name,City\nJ\u00fcrgen,K\u00f6ln\n", "latin1"));
  await page.getByText("not in UTF-8").waitFor();
  await page.getByRole("button", { name: "Read as Western European" }).click();
  await page.getByText("J\u00fcrgen").waitFor();
  await page.getByRole("button", { name: "Choose another file" }).click();
  await look("import-empty");
  await weigh("import", () => page.getByText("Drop a CSV file here").waitFor());
  await choose(Buffer.from(LEADS));
  await look("import");
  await page.getByRole("button", { name: "Import 5 leads" }).click();
  await page.getByText("2 rows were not taken").waitFor();
  await page.getByText("Line 5").waitFor();
  await page.getByText("Line 6").waitFor();
  await look("imported");
  await page.getByRole("link", { name: "To the board" }).click();
  for (const [name, search, shown] of [
    ["markup", "markup@example.com", MARKUP],
    ["long-name", "long@example.com", LONG_NAME],
    ["right-to-left", "rtl@example.com", RIGHT_TO_LEFT],
  ]) {
    await page.goto(`http://${address}/app/?q=${encodeURIComponent(search)}`);
    const link = page.getByRole("list", { name: "Leads by score" }).getByRole("link", { name: shown });
    await link.waitFor();
    await look(`board-${name}`);
    await link.click();
    await page.getByRole("heading", { name: shown, level: 1 }).waitFor();
    await page.getByRole("heading", { name: "What is known" }).waitFor();
    await page.waitForTimeout(500);
    await look(`lead-${name}`);
    const made = await page.evaluate(() => window.breached === 1 || document.querySelectorAll("img[src=x]").length > 0);
    if (made) found.markup.push(`${device} ${name}`);
  }
});

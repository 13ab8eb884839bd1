/**
 * A journey through log-ins and settings: a new organization verifies its address, logs in, invites, makes API keys and
 * webhooks, sets up a second factor, forgets its password, and is logged out from elsewhere.
 * Prints what was found as JSON, and keeps screenshots.
 *
 * node tests/account_journey.mjs ADDRESS TOKEN_FILE SCREENSHOT_FOLDER LEADS MAILBOX_FOLDER
 */
import { createHmac } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

import { call, journey } from "./browser.mjs";

const [address, , folder, , mailbox] = process.argv.slice(2);
const PASSWORD = "brisk otter folds nine maps";
const STRONGER = "quiet heron paints seven doors";
const MAIL_MS = 15_000;

const received = [];
const receiver = createServer((request, response) => {
  received.push(request.headers["webhook-id"]);
  response.end();
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

/** Gives the address of the link in the newest message to somebody that leads to a page. */
async function linkTo(recipient, page) {
  for (const end = Date.now() + MAIL_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const names = (await readdir(mailbox)).filter((name) => name.endsWith(".eml")).sort().reverse();
    for (const name of names) {
      const mail = (await readFile(path.join(mailbox, name), "utf8")).replaceAll("=\n", "").replaceAll("=3D", "=");
      const token = new RegExp(`/${page}#token=([\\w.-]+)`).exec(mail)?.[1];
      if (mail.includes(recipient) && token) return `http://${address}/app/${page}#token=${token}`;
    }
  }
  throw new Error(`no message to ${recipient} with a link to ${page}`);
}

/** Gives the code that an authenticator app shows for a secret in base 32, so many steps of 30 seconds from now. */
function codeOf(secret, step = 0) {
  const bits = [...secret.replaceAll("=", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

await journey(address, folder, async ({ page, context, device, look, weigh, found }) => {
  const unique = `${device}-${Date.now()}`;
  const email = `owner-${unique}@example.com`;
  const colleague = `colleague-${unique}@example.com`;
  const signUp = { organizationDisplayName: "Harbour Glass", email, displayName: "Noor", password: PASSWORD };
  await call(address, "", "/v1/authentication:signUp", signUp);
  const secret = page.locator("[data-secret]");
  const close = () => page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  const logIn = async (password) => {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
  };
  const settings = (part) => page.goto(`http://${address}/app/settings/?part=${part}`);

  await page.goto(await linkTo(email, "verify-email"));
  await page.getByRole("button", { name: "Verify it" }).click();
  await page.getByText("Your e-mail address is verified.").waitFor();
  if (page.url().includes("token")) found.errors.push(`${device}: a token stays in the address`);
  await look("verified");

  await page.getByRole("link", { name: "To the log-in" }).click();
  await logIn("not the password at all");
  await page.getByText("E-mail or password is wrong.").waitFor();
  await logIn(PASSWORD);
  await page.getByRole("heading", { name: "No leads yet" }).waitFor();
  await look("board-empty");
  for (const [link, heading] of [
    ["Models", "No model yet"],
    ["Workflows", "No workflow yet"],
    ["Notifications", "Nothing to read"],
  ]) {
    await page.getByRole("link", { name: link }).click();
    await page.getByRole("heading", { name: heading }).waitFor();
  }

  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("list", { name: "Sessions" }).getByText("This one").waitFor();
  await look("settings");
  await weigh("settings", () => page.getByRole("list", { name: "Sessions" }).getByText("This one").waitFor());
  // That of the sign-up.
  await page.getByRole("list", { name: "Sessions" }).getByRole("button", { name: "End" }).first().click();
  await page.getByText("The session is over.").waitFor();

  await page.getByLabel("Your password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  await look("second-factor");
  const seed = (await secret.textContent()).trim();
  await page.getByLabel("Code that the app shows").fill(codeOf(seed));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("heading", { name: "Your recovery codes, shown this once" }).waitFor();
  if ((await secret.textContent()).trim().split("\n").length !== 10) found.errors.push(`${device}: not ten recovery codes`);
  await close();
  await page.getByText("Log-in asks for a code from your authenticator app.").waitFor();

  await settings("users");
  await page.getByLabel("E-mail").fill(colleague);
  await page.getByRole("combobox", { name: "Role", exact: true }).selectOption("roles/analyst");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("list", { name: "Invitations" }).getByText(colleague).waitFor();
  const guest = await context.browser().newContext();
  const guestPage = await guest.newPage();
  await guestPage.goto(await linkTo(colleague, "accept-invitation"));
  await guestPage.getByLabel("Your name").fill("Ada");
  await guestPage.getByLabel("A password").fill("short");
  await guestPage.getByRole("button", { name: "Join" }).click();
  await guestPage.getByText(/This password can't be taken/).waitFor();
  await guestPage.getByLabel("A password").fill(PASSWORD.split(" ").reverse().join(" "));
  await guestPage.getByRole("button", { name: "Join" }).click();
  await guestPage.getByRole("heading", { name: "No leads yet" }).waitFor();
  await page.reload();
  await page.getByRole("combobox", { name: "Role of Ada" }).selectOption("roles/sales");
  await page.getByText("Ada has another role now.").waitFor();
  await look("settings-users");
  await page.getByRole("listitem").filter({ hasText: "Ada" }).getByRole("button", { name: "Keep out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Keep out" }).click();
  await page.getByText("Ada is kept out.").waitFor();
  await guest.close();

  await settings("organization");
  await page.getByLabel("Web pages that may call").fill("http://plain.example");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").filter({ hasText: /allowed_origins/ }).waitFor();
  await page.getByLabel("Web pages that may call").fill("https://crm.example\n\n  https://shop.example  ");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. It holds within ten seconds.").waitFor();
  await page.getByRole("button", { name: "New issuer" }).click();
  await page.getByLabel("How users know it").fill("Company directory");
  await page.getByLabel("Address of the issuer").fill("https://login.example.com");
  await page.getByLabel("Client id").fill("leadline");
  await page.getByRole("dialog").getByRole("combobox").selectOption("roles/sales");
  await page.getByRole("button", { name: "Save" }).last().click();
  const issuers = page.getByRole("list", { name: "Company log-in" });
  await issuers.getByText("Company directory").waitFor();
  await page.reload();
  await issuers.getByText(/gets the role/).waitFor();
  if ((await page.getByLabel("Web pages that may call").inputValue()) !== "https://crm.example\nhttps://shop.example") {
    found.errors.push(`${device}: the origins were not kept`);
  }
  await look("settings-organization");
  await issuers.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Log-in by Company directory has ended.").waitFor();

  await settings("users");
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByLabel("Name of the role").fill("Lead reader");
  await page.getByRole("group", { name: "leads", exact: true }).getByLabel("read").check();
  await look("role-form");
  await page.getByRole("button", { name: "Save" }).click();
  const roles = page.getByRole("list", { name: "Roles" });
  const ownRole = roles.getByRole("listitem").filter({ hasText: "Lead reader" });
  await ownRole.getByText("leads read").waitFor();
  await ownRole.getByRole("button", { name: "Change" }).click();
  await page.getByRole("group", { name: "scores", exact: true }).getByLabel("read").check();
  await page.getByRole("button", { name: "Save" }).click();
  await ownRole.getByText("leads read, scores read").waitFor();
  await ownRole.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await ownRole.waitFor({ state: "detached" });

  await settings("programs");
  await page.getByRole("button", { name: "New API key" }).click();
  await page.getByLabel("What it is for").fill("CRM import");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("heading", { name: "Your secret, shown this once" }).waitFor();
  const apiKey = (await secret.textContent()).trim();
  await close();
  await call(address, "", "/v1/authentication:exchangeApiKey", { apiKey });
  await page.reload();
  await page.getByText(/CRM import/).waitFor();
  await look("settings-keys");
  await page.getByRole("button", { name: "New secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New secret" }).click();
  await page.getByRole("heading", { name: "Your secret, shown this once" }).waitFor();
  if ((await secret.textContent()).trim() === apiKey) found.errors.push(`${device}: the secret is the old one`);
  await close();
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
  await page.getByText("CRM import has ended.").waitFor();
  await page.getByRole("button", { name: "New OAuth client" }).click();
  await page.getByLabel("What it is for").fill("Data warehouse");
  await page.getByRole("button", { name: "Make the client" }).click();
  await page.getByRole("heading", { name: "Your secret, shown this once" }).waitFor();
  const client = Object.fromEntries((await secret.textContent()).split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  await close();
  const { token_url: tokenUrl, ...credentials } = client;
  const granted = await fetch(tokenUrl, { method: "POST", body: new URLSearchParams({ grant_type: "client_credentials", ...credentials }) });
  if (!granted.ok) found.errors.push(`${device}: the client gets no token: ${granted.status}`);

  await settings("websites");
  await page.getByRole("button", { name: "New website" }).click();
  await page.getByLabel("Which website it is").fill("Our website");
  await page.getByLabel("Origins of its pages").fill("https://www.harbour-glass.example");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("group", { name: "Line for the pages of Our website" }).filter({ hasText: /data-key="leadline_track_[\w-]+"/ }).waitFor();
  await look("settings-websites");
  await page.getByRole("list", { name: "Websites" }).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("The key of Our website is deleted.").waitFor();

  const url = `http://127.0.0.1:${receiver.address().port}/hook`;
  const workflow = {
    displayName: "Tell the CRM",
    trigger: { leadCondition: { filter: "status = OPEN" } },
    actions: [{ webhook: { url } }],
    enabled: true,
  };
  const owner = await page.evaluate(() => JSON.parse(localStorage.getItem("leadline.session")).accessToken);
  await call(address, owner, "/v1/workflows", { workflow, idempotencyKey: unique });
  await settings("webhooks");
  await page.getByRole("list", { name: "Webhooks" }).getByText("Tell the CRM").waitFor();
  await page.getByRole("button", { name: "New secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New secret" }).click();
  await page.getByText(/^whsec_/).waitFor();
  await close();
  const lead = { displayName: "Bo", email: "bo@example.com" };
  await call(address, owner, "/v1/leads", { lead, idempotencyKey: `${unique}-lead` });
  const deliveries = page.getByRole("list", { name: "Deliveries" });
  await deliveries.getByText("Delivered").waitFor();
  await deliveries.getByRole("button", { name: "Details" }).click();
  await deliveries.getByText("What is sent").waitFor();
  await look("settings-webhooks");
  const before = received.length;
  await deliveries.getByRole("button", { name: "Send again" }).click();
  await page.getByText("It is sent again.").waitFor();
  for (const end = Date.now() + MAIL_MS; received.length <= before && Date.now() < end; ) await page.waitForTimeout(100);
  if (received.length <= before) found.errors.push(`${device}: the webhook was not sent again`);

  await settings("account");
  await page.getByRole("button", { name: "Log out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Log out everywhere" }).click();
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Send the message" }).click();
  await page.getByText(/the message is on its way/).waitFor();
  await page.goto(await linkTo(email, "reset-password"));
  await page.getByLabel("New password").fill(STRONGER);
  await page.getByRole("button", { name: "Set it" }).click();
  await page.getByText(/Your password is set/).waitFor();
  await look("password-set");
  await page.getByRole("link", { name: "To the log-in" }).click();
  await logIn(STRONGER);
  await page.getByLabel(/^Code from your authenticator app/).fill(codeOf(seed, 1));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("heading", { name: "Board" }).waitFor();
});
receiver.close();

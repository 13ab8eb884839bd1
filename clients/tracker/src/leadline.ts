/**
 * Leadline's website tracker: page views, forms and events of the website's own, once the visitor has consented.
 *
 *   <script src="/leadline.js" data-edge="https://leadline.example.com" data-key="leadline_track_..." defer></script>
 *
 * Before `leadline.consent(true)` nothing is stored and nothing is sent; where the browser says Global Privacy Control or
 * Do Not Track, nothing ever is. What is sent of a form are the fields that are marked for it: `data-leadline="email"`.
 */
interface Leadline {
  /** Says whether the visitor consents; remembered where the browser lets it, and forgotten with all else by `false`. */
  consent(granted: boolean): void;
  /** Tells that something happened: a type such as `video_played`, and texts that say more. Nothing before consent. */
  track(type: string, properties?: Record<string, string>): void;
}

interface Identity {
  email?: string;
  displayName?: string;
  company?: string;
  phone?: string;
  fields: Record<string, string>;
}

interface Happening {
  id: string;
  type: string;
  at: number;
  properties: Record<string, string>;
}

(() => {
  const VISITOR = "leadline.visitor";
  const MOST_EVENTS = 50;
  const WAIT_MILLISECONDS = 3_000;
  const LONGEST_TEXT = 512;
  const LONGEST_IDENTITY_TEXT = 256;
  const CAMPAIGN = /^utm_(source|medium|campaign|term|content)$/;

  const script = document.currentScript as HTMLScriptElement | null;
  const edge = script?.dataset.edge;
  const writeKey = script?.dataset.key;
  const browser = navigator as Navigator & { globalPrivacyControl?: boolean };
  const refuses = browser.globalPrivacyControl === true || browser.doNotTrack === "1";

  let visitor: string | undefined;
  let queue: Happening[] = [];
  let timer: number | undefined;
  let shown = "";

  /** Does something with the browser's storage, or nothing where there is none. */
  const stored = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(localStorage);
    } catch {
      return undefined;
    }
  };

  const newId = (): string => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  };

  const send = (events: Happening[], identity?: Identity): void => {
    const now = performance.now();
    const body = JSON.stringify({
      writeKey,
      visitorId: visitor,
      events: events.map(({ id, type, at, properties }) => ({
        eventId: id,
        type,
        ageMilliseconds: Math.round(now - at),
        properties,
      })),
      identity,
    });
    const url = `${edge}/v1/track`;
    // A text is sent as text/plain, which needs no preflight, and goes on while the page is left.
    if (!navigator.sendBeacon?.(url, body)) {
      fetch(url, { method: "POST", body, keepalive: true, mode: "no-cors", credentials: "omit" }).catch(() => {
        // The edge can't be reached: what a visitor did is not worth an error in the page.
      });
    }
  };

  const flush = (identity?: Identity): void => {
    clearTimeout(timer);
    timer = undefined;
    const events = queue;
    queue = [];
    for (let start = 0; start < events.length; start += MOST_EVENTS) {
      // Who it is goes with the newest.
      send(events.slice(start, start + MOST_EVENTS), start + MOST_EVENTS < events.length ? undefined : identity);
    }
  };

  const track = (type: string, properties: Record<string, string> = {}): void => {
    if (visitor === undefined) return;
    const texts = Object.entries(properties).map(([name, value]) => [name, String(value).slice(0, LONGEST_TEXT)]);
    queue.push({ id: newId(), type, at: performance.now(), properties: Object.fromEntries(texts) });
    if (queue.length >= MOST_EVENTS) flush();
    else timer ??= setTimeout(flush, WAIT_MILLISECONDS);
  };

  /** An address without its query and fragment, which may hold anything. */
  const plain = (url: string): string => url.split(/[?#]/)[0];

  const trackPage = (): void => {
    const url = plain(location.href);
    if (visitor === undefined || url === shown) return;
    const campaign = [...new URLSearchParams(location.search)].filter(([name]) => CAMPAIGN.test(name));
    const referrer = plain(shown || document.referrer);
    shown = url;
    track("page_view", { url, title: document.title, referrer, ...Object.fromEntries(campaign) });
  };

  const begin = (known?: string): void => {
    if (visitor !== undefined || refuses || !edge || !writeKey) return;
    visitor = known ?? newId();
    stored((storage) => storage.setItem(VISITOR, visitor as string));
    trackPage();
  };

  const end = (): void => {
    visitor = undefined;
    queue = [];
    shown = "";
    stored((storage) => storage.removeItem(VISITOR));
  };

  /** Reads the fields of a form that are marked: `email`, `displayName`, `company`, `phone`, or `field:Any name`. */
  const identityIn = (form: HTMLFormElement): Identity | undefined => {
    const identity: Identity = { fields: {} };
    for (const input of form.querySelectorAll<HTMLInputElement>("[data-leadline]")) {
      const mark = input.dataset.leadline ?? "";
      const value = input.type === "password" ? "" : String(input.value ?? "").trim();
      const isChosen = !["checkbox", "radio"].includes(input.type) || input.checked;
      if (!value || !isChosen) continue;
      const text = value.slice(0, LONGEST_IDENTITY_TEXT);
      if (mark.startsWith("field:")) identity.fields[mark.slice(6)] = text;
      else if (mark === "email" || mark === "displayName" || mark === "company" || mark === "phone") identity[mark] = text;
    }
    return identity.email ? identity : undefined;
  };

  document.addEventListener(
    "submit",
    ({ target }) => {
      if (visitor === undefined || !(target instanceof HTMLFormElement)) return;
      track("form_submitted", { url: plain(location.href), form: target.getAttribute("id") ?? target.getAttribute("name") ?? "" });
      flush(identityIn(target));
    },
    true,
  );
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());
  addEventListener("pagehide", () => flush());
  addEventListener("popstate", trackPage);
  const pushState = history.pushState.bind(history);
  history.pushState = (...where) => {
    pushState(...where);
    trackPage();
  };

  const api: Leadline = { consent: (granted) => (granted ? begin() : end()), track };
  (window as unknown as { leadline: Leadline }).leadline = api;
  if (refuses) end();
  const known = stored((storage) => storage.getItem(VISITOR));
  if (known) begin(known);
})();

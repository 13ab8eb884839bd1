// Keeps the application itself, so that it starts without a connection. Data is never kept.
const CACHE = "leadline-@VERSION@";
const FILES = "@FILES@";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/app/")) return;
  const kept = () => caches.match(event.request, { ignoreSearch: true });
  if (event.request.mode === "navigate") {
    // A new version is shown at once; the kept one only where nobody answers.
    event.respondWith(fetch(event.request).catch(() => kept().then((page) => page ?? caches.match("/app/"))));
  } else {
    event.respondWith(kept().then((file) => file ?? fetch(event.request)));
  }
});

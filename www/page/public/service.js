// The page without a network. It answers for the page's document and its hashed files alone; everything else, the dashboard and
// the API among it, goes to the network as if this were not here.

const DOCUMENT = "adit-document";
const FILES = "adit-files";
const scope = new URL(self.registration.scope);

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.origin) return;
  if (request.mode === "navigate" && url.pathname === scope.pathname) event.respondWith(document_(request));
  else if (/^assets\/(page|worker|content|hold)\//.test(url.pathname.slice(scope.pathname.length))) event.respondWith(file(request));
});

/** The page names the files that it loaded before this was here. */
self.addEventListener("message", ({ data }) => {
  const own = data.filter((name) => name.startsWith(scope.href + "assets/page/"));
  void keepAll(own);
});

async function keepAll(files) {
  try {
    const answer = await fetch(scope.href, { cache: "no-cache" });
    if (answer.ok) await keepDocument(scope.pathname, answer);
    // It refuses a file that is named twice.
    await (await caches.open(FILES)).addAll([...new Set(files)]);
  } catch {
    // They are kept at the next visit.
  }
}

/** The network's copy, which is never older than the build; the kept one only where there is no network. */
async function document_(request) {
  const path = scope.pathname;
  try {
    const answer = await fetch(request);
    if (answer.ok) await keepDocument(path, answer.clone());
    return answer;
  } catch (error) {
    const kept = await (await caches.open(DOCUMENT)).match(path);
    if (kept) return kept;
    throw error;
  }
}

/** Another document is another build: the files of the old one are forgotten. */
async function keepDocument(path, answer) {
  try {
    const cache = await caches.open(DOCUMENT);
    const [before, now] = await Promise.all([cache.match(path).then((kept) => kept?.text()), answer.clone().text()]);
    if (before === now) return;
    await caches.delete(FILES);
    await cache.put(path, answer);
  } catch {
    // Nothing can be kept here: then there is no page without a network.
  }
}

/** A hashed file never changes. */
async function file(request) {
  try {
    const cache = await caches.open(FILES);
    const kept = await cache.match(request.url);
    if (kept) return kept;
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request.url, answer.clone());
    return answer;
  } catch {
    return fetch(request);
  }
}

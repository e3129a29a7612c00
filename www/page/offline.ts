/** The page without a network: a service worker for this page's own path, from the first Start on and never before. */

export async function keepForOffline(script: URL): Promise<void> {
  try {
    await navigator.serviceWorker.register(script, { scope: new URL("./", script).pathname, updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage(performance.getEntriesByType("resource").map(({ name }) => name));
  } catch {
    // A browser that keeps nothing needs the network.
  }
}

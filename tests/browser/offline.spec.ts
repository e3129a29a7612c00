import { Coordinator, MinePage, expect, test } from "./site.ts";

test.use({ serviceWorkers: "allow", expectedErrors: /ERR_CONNECTION_REFUSED|Failed to load resource|ERR_INTERNET_DISCONNECTED|ERR_FAILED/ });

test("from the first Start on the page opens without a network, and is never older than the coordinator's", async ({ page }) => {
  test.skip(!Coordinator.ownOnes, "needs a coordinator that may be stopped");
  const own = await Coordinator.start();
  try {
    const mine = new MinePage(page);
    await mine.open(own.url);
    // Nothing stays on a device whose owner has not pressed Start.
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
    await own.submit("offline", { rows: 2048, k: 512, n: 512 });
    await mine.start.click();
    await mine.verified(1);
    const kept = () => page.evaluate(async () => (await (await caches.open("adit-files")).keys()).length);
    await expect.poll(kept, { timeout: 20_000 }).toBeGreaterThan(2);
    await own.kill();
    await page.reload();
    await expect(mine.start).toBeVisible();
    // What is not the page's own is not kept.
    await expect(page.goto(`${own.url}/dashboard`)).rejects.toThrow(/ERR_CONNECTION_REFUSED|ERR_FAILED/);
    await page.waitForURL("chrome-error://chromewebdata/");
    await own.restart({ fresh: false });
    await page.goto(`${own.url}/`);
    const documents: boolean[] = [];
    page.on("response", (response) => response.url() === `${own.url}/` && documents.push(response.fromServiceWorker()));
    // A newer build is what the network says, whatever is kept.
    await page.evaluate(async () => (await caches.open("adit-document")).put("/", new Response("<p>old</p>", { headers: { "content-type": "text/html" } })));
    await page.goto(`${own.url}/`);
    await expect(mine.start).toBeVisible();
    expect(await page.getByText("old", { exact: true }).count()).toBe(0);
    expect(documents.length).toBeGreaterThan(0);
  } finally {
    await own.end();
  }
});

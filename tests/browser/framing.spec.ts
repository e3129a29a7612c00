import { expect, test } from "./site.ts";

test.use({ expectedErrors: /frame-ancestors|Framing|ERR_BLOCKED_BY_RESPONSE|CORS|Failed to load resource/ });

test("no other page can frame this one, lest it lead a person to press Start", async ({ page, coordinator }) => {
  const { port } = new URL(coordinator.url);
  for (const framed of [`${coordinator.url}/`, `${coordinator.url}/dashboard`]) {
    await page.route("http://localhost:*/framing", (route) =>
      route.fulfill({ contentType: "text/html", body: `<iframe src="${framed}"></iframe>` }),
    );
    await page.goto(`http://localhost:${port}/framing`);
    const frame = () => page.frames().find((one) => one !== page.mainFrame());
    await expect.poll(() => frame()?.url()).toBe("chrome-error://chromewebdata/");
    await page.unrouteAll();
  }
});

test("a page of another origin reads nothing of this coordinator", async ({ page, coordinator }) => {
  const { port } = new URL(coordinator.url);
  await page.route("http://localhost:*/foreign", (route) => route.fulfill({ contentType: "text/html", body: "<p>foreign</p>" }));
  await page.goto(`http://localhost:${port}/foreign`);
  const read = (url: string) => page.evaluate((target) => fetch(target).then((answer) => answer.text(), () => "refused"), url);
  expect(await read(`${coordinator.url}/v1/overview`)).toBe("refused");
});

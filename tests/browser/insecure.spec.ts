import { INSECURE_HOST } from "./coordinator.ts";
import { expect, test } from "./site.ts";

// Browsers trust loopback addresses, but not other names that resolve to them.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`];
    await use({ ...launchOptions, args });
  },
});

test("over plain http the page says why it cannot mine, and where it could", async ({ page, coordinator }) => {
  const { port } = new URL(coordinator.url);
  await page.goto(`http://${INSECURE_HOST}:${port}/`);
  await expect(page.getByTestId("state")).toHaveText("This page cannot mine here");
  await expect(page.getByTestId("detail")).toContainText(`http://localhost:${port}`);
  await expect(page.getByRole("button", { name: "Start" })).toBeDisabled();
});

import { expect, test } from "@playwright/test";

// If one of these fails, the other specs do not test what they claim to.

test.beforeEach(async ({ page }) => {
  await page.route("http://localhost/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto("http://localhost/");
});

test("a dedicated worker has WebGPU", async ({ page }) => {
  const adapter = await page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const source = "navigator.gpu.requestAdapter().then((adapter) => postMessage(adapter.info.architecture))";
        const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      }),
  );
  expect(adapter).toBe("swiftshader");
});

test("the page is in a secure context with WebCrypto", async ({ page }) => {
  expect(await page.evaluate(() => isSecureContext && "subtle" in crypto)).toBe(true);
});

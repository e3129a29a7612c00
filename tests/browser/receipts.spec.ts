import type { Page } from "@playwright/test";

import type { ProvenReceipt, Receipt } from "../../worker/wire.ts";
import { expect as expectSoon, test } from "./site.ts";

/** The time for a check, which fetches inputs again. */
const expect = expectSoon.configure({ timeout: 20_000 });

/** Replaces the page's receipts with forged ones. */
function tamper(page: Page, change: Partial<Receipt>): Promise<void> {
  return page.locator("adit-receipts").evaluate((element, change) => {
    const { miner } = element as unknown as { miner: { entries: { receipt: ProvenReceipt }[] } };
    const entry = miner.entries[0];
    if (entry) Object.assign(entry.receipt.receipt, change);
  }, change);
}

test.beforeEach(async ({ mine, work }) => {
  expect(work).not.toEqual([]);
  await mine.start.click();
  await mine.verified(1);
  await mine.stop.click();
  await expect(mine.state).toHaveText("Stopped");
});

test("a receipt checks out, mathematics and all", async ({ mine }) => {
  await mine.receipts.last().getByRole("button", { name: "Verify" }).click();
  const outcome = mine.receipts.last().getByTestId("outcome");
  await expect(outcome).toContainText("Signatures, log and amount: in order");
  await expect(outcome).toContainText("The mathematics: in order");
  await expect(outcome).toContainText("The output is the one that this tab computed");
  await expect(outcome).toContainText("What this does not prove");
});

test("after a reload the coordinator's copy of the output is checked", async ({ mine }) => {
  const key = await mine.page.getByTestId("key").innerText();
  await mine.page.reload();
  // Whoever returns sees key, account and receipts before Start, and nothing runs for that.
  await expect(mine.receipts.last()).toBeVisible();
  await expect(mine.page.getByTestId("key")).toHaveText(key);
  await expect(mine.page.getByTestId("pending")).not.toHaveText(/^0\.000000 /);
  expect(mine.page.workers()).toEqual([]);
  await mine.receipts.last().getByRole("button", { name: "Verify" }).click();
  const outcome = mine.receipts.last().getByTestId("outcome");
  await expect(outcome).toContainText("The mathematics: in order");
  await expect(outcome).toContainText("Unit, inputs and output came from the coordinator");
});

const lies: [string, Partial<Receipt>, RegExp, RegExp][] = [
  ["more work", { work: 1e12 }, /not in order/, /kind, work or length/],
  ["more pay", { value: "1000" }, /the receipt is not in the log/, /in order/],
  ["another output", { output_digest: "00".repeat(32) }, /not signed by the miner/, /not the output that the receipt names/],
  ["another verdict", { verdict: "invalid" }, /not in the log/, /every product holds/],
  ["another coordinator", { coordinator: `02${"11".repeat(32)}` }, /from another coordinator/, /in order/],
];

for (const [name, change, proof, mathematics] of lies) {
  test(`a receipt that claims ${name} is refused`, async ({ mine }) => {
    await tamper(mine.page, change);
    await mine.receipts.first().getByRole("button", { name: "Verify" }).click();
    const findings = mine.receipts.first().getByTestId("outcome").locator("[data-found]");
    await expect(findings.nth(0)).toHaveAttribute("data-found", "fails");
    await expect(findings.nth(0)).toContainText(proof);
    await expect(findings.nth(1)).toContainText(mathematics);
  });
}

test("what can no longer be fetched is not called wrong", async ({ mine }) => {
  await mine.page.route("**/v1/units/*", (route) =>
    route.fulfill({ status: 404, json: { detail: "no unit has this CID", code: "no_such_unit" } }),
  );
  await mine.receipts.first().getByRole("button", { name: "Verify" }).click();
  const findings = mine.receipts.first().getByTestId("outcome").locator("[data-found]");
  await expect(findings.nth(0)).toHaveAttribute("data-found", "holds");
  await expect(findings.nth(1)).toHaveAttribute("data-found", "unknown");
  await expect(findings.nth(1)).toContainText("no unit has this CID");
});

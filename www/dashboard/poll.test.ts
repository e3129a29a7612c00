import { afterEach, expect, test, vi } from "vitest";

import { Poll } from "./poll.ts";

type Answer = { resolve(figure: number): void; reject(reason: Error): void };

class Figure extends Poll<number> {
  readonly asked: Answer[] = [];

  protected override fetchAll(): Promise<number> {
    return new Promise((resolve, reject) => this.asked.push({ resolve, reject }));
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.unstubAllGlobals());

test("an answer that was overtaken does not count, and after a failure the old figures stay", async () => {
  vi.stubGlobal("document", { visibilityState: "visible" });
  const poll = new Figure(60_000);
  let changes = 0;
  poll.addEventListener("change", () => (changes += 1));
  poll.start();
  poll.start();
  poll.asked[1]?.resolve(2);
  await settled();
  poll.asked[0]?.resolve(1);
  await settled();
  expect([poll.figures, poll.trouble, changes]).toEqual([2, undefined, 1]);
  poll.start();
  poll.asked[2]?.reject(new Error("away"));
  await settled();
  expect([poll.figures, String(poll.trouble), changes]).toEqual([2, "Error: away", 2]);
  poll.stop();
});

test("it asks again and again, but not for a page that nobody sees, nor once it is stopped", async () => {
  const page = { visibilityState: "visible" };
  vi.stubGlobal("document", page);
  const poll = new Figure(5);
  poll.start();
  poll.asked[0]?.resolve(1);
  await vi.waitFor(() => expect(poll.asked).toHaveLength(2));
  page.visibilityState = "hidden";
  poll.asked[1]?.resolve(2);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(poll.asked).toHaveLength(2);
  page.visibilityState = "visible";
  await vi.waitFor(() => expect(poll.asked).toHaveLength(3));
  poll.stop();
  poll.asked[2]?.resolve(3);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect([poll.figures, poll.asked.length]).toEqual([3, 3]);
});

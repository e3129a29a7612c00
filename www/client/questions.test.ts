import { expect, test } from "vitest";

import { Questions } from "./questions.ts";

test("each question is answered once, in whatever order, and those left are refused", async () => {
  const questions = new Questions();
  const sent: number[] = [];
  const ask = () => questions.ask<string>((id) => sent.push(id));
  const [one, two, three] = [ask(), ask(), ask()];
  questions.hear({ type: "answer", id: sent[1] ?? -1, answer: "two" });
  questions.hear({ type: "refusal", id: sent[0] ?? -1, reason: "no" });
  questions.hear({ type: "answer", id: 77, answer: "nobody asked" });
  questions.hear({ type: "answer", id: sent[0] ?? -1, answer: "too late" });
  expect(await two).toBe("two");
  await expect(one).rejects.toThrow("no");
  expect(questions.open).toBe(1);
  questions.refuse("gone");
  await expect(three).rejects.toThrow("gone");
  expect(questions.open).toBe(0);
});

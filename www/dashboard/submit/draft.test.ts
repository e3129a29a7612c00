import { expect, test } from "vitest";

import type { Estimate, FileInfo, JobRequest, JobView } from "adit-worker/wire.ts";

import { type Desk, Draft } from "./draft.ts";

/** A coordinator that answers when it is told to. */
class Bench implements Desk {
  readonly uploads: { path: string; signal: AbortSignal; answer: (info: FileInfo) => void; refuse: (error: Error) => void; progress: (part: number) => void }[] = [];
  readonly estimates: { request: JobRequest; answer: (price: string) => void }[] = [];
  readonly jobs: JobRequest[] = [];
  refusal: Error | undefined;

  upload(path: string, _file: Blob, progress: (part: number) => void, signal: AbortSignal): Promise<FileInfo> {
    return new Promise((answer, refuse) => {
      signal.addEventListener("abort", () => refuse(new Error("aborted")));
      this.uploads.push({ path, signal, answer, refuse, progress });
    });
  }

  estimate(request: JobRequest): Promise<Estimate> {
    return new Promise((resolve) => this.estimates.push({ request, answer: (price) => resolve({ price } as Estimate) }));
  }

  async submit(request: JobRequest): Promise<JobView> {
    if (this.refusal) throw this.refusal;
    this.jobs.push(request);
    return { job: 1 } as JobView;
  }
}

const info = (file: string): FileInfo => ({ file, content: { type: "matrix", rows: 1, cols: 1 }, reading: null });
const files = (...names: string[]) => names.map((name) => new File(["x"], name));
const settle = () => new Promise((resolve) => setTimeout(resolve));

function draft(...names: string[]) {
  const bench = new Bench();
  const made = new Draft(bench);
  const given = files(...names);
  made.add(given, given.map(({ name }) => ({ name, floats: false })));
  return { bench, draft: made };
}

test("files are sent at once, each as its role is read, and priced when all are there", async () => {
  const { bench, draft: made } = draft("A.npy", "B.npy");
  expect(made.work).toBe("matmul");
  expect(bench.uploads.map(({ path }) => path)).toEqual(["/v1/files?name=A.npy", "/v1/files?name=B.npy"]);
  bench.uploads[0]?.progress(0.5);
  expect(made.slots[0]?.part).toBe(0.5);
  bench.uploads[0]?.answer(info("a"));
  await settle();
  expect([made.complete, bench.estimates.length]).toEqual([false, 0]);
  bench.uploads[1]?.answer(info("b"));
  await settle();
  expect(made.complete).toBe(true);
  expect(bench.estimates[0]?.request.work).toEqual({ kind: "matmul_i8/1", a: "a", b: "b" });
});

test("an older price never replaces a newer one", async () => {
  const { bench, draft: made } = draft("data.bin");
  bench.uploads[0]?.answer(info("old"));
  await settle();
  made.put(0, new File(["y"], "other.bin"));
  bench.uploads[1]?.answer(info("new"));
  await settle();
  bench.estimates[1]?.answer("2");
  await settle();
  bench.estimates[0]?.answer("1");
  await settle();
  expect(made.price).toMatchObject({ state: "known", estimate: { price: "2" } });
});

test("a cancelled upload stops, keeps its file, and can be sent again", async () => {
  const { bench, draft: made } = draft("data.bin");
  made.cancel(0);
  await settle();
  expect(bench.uploads[0]?.signal.aborted).toBe(true);
  expect(made.slots[0]).toMatchObject({ state: "cancelled", file: { name: "data.bin" } });
  made.again(0);
  bench.uploads[1]?.answer(info("f"));
  await settle();
  expect(made.complete).toBe(true);
});

test("an answer for a file that was replaced is forgotten", async () => {
  const { bench, draft: made } = draft("data.bin");
  made.put(0, new File(["y"], "other.bin"));
  expect(bench.uploads[0]?.signal.aborted).toBe(true);
  bench.uploads[0]?.answer(info("old"));
  await settle();
  expect(made.slots[0]).toMatchObject({ state: "sending", file: { name: "other.bin" } });
});

test("another kind of work sends its files again, as it reads them", () => {
  const { bench, draft: made } = draft("A.npy", "B.npy");
  made.choose("floats");
  expect(bench.uploads.slice(2).map(({ path }) => path)).toEqual(["/v1/files?name=A.npy&format=npy_f32", "/v1/files?name=B.npy&format=npy_f32"]);
  made.choose("validate");
  expect(made.unused).toEqual(["B.npy"]);
});

test("a table is read as it is said to be, and other files are not", () => {
  const { bench, draft: made } = draft("data.csv");
  made.again(0, { header: "yes", delimiter: "semicolon", encoding: "", decimal: "" });
  expect(bench.uploads[1]?.path).toBe("/v1/files?name=data.csv&format=table&header=yes&delimiter=semicolon");
  made.put(0, new File(["x"], "data.bin"));
  made.again(0, { header: "yes", delimiter: "", encoding: "", decimal: "" });
  expect(bench.uploads[3]?.path).toBe("/v1/files?name=data.bin&format=data");
});

test("a job that is refused stays as it is; one that is taken makes room for the next", async () => {
  const { bench, draft: made } = draft("data.bin");
  expect(await made.submit()).toBeUndefined();
  bench.uploads[0]?.answer(info("f"));
  await settle();
  made.tell({ name: "  Mine  ", budget: "1.5", priority: "low", description: " ", link: "https://example.org/a" });
  bench.refusal = new Error("the budget does not cover the job");
  expect(bench.estimates[0]?.request).not.toHaveProperty("about");
  expect(bench.estimates[0]?.request).not.toHaveProperty("priority");
  expect(await made.submit()).toBeUndefined();
  expect(made.error).toBe(bench.refusal);
  expect(made.slots[0]?.state).toBe("read");
  bench.refusal = undefined;
  expect((await made.submit())?.job).toBe(1);
  expect(bench.jobs[0]).toMatchObject({ name: "Mine", budget: "1.5", demo: false, priority: "low" });
  expect(bench.jobs[0]?.about).toEqual({ description: null, requester: null, link: "https://example.org/a", open_source: false });
  expect([made.slots[0], made.details.name, made.price.state]).toEqual([undefined, "", "unknown"]);
});

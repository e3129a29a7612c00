/** A job that is being put together: files that are uploaded and read, what is said of it, what it would cost. */

import type { Amount, Estimate, FileInfo, JobAbout, JobRequest, JobView, Priority } from "adit-worker/wire.ts";

import type { Progress } from "../api.ts";
import { type Extra, type Glimpse, WORK, type WorkName, assign, ending, guess, isTable } from "./work.ts";

/** The coordinator, as a draft uses it. */
export interface Desk {
  upload(path: string, file: Blob, progress: Progress, signal: AbortSignal): Promise<FileInfo>;
  estimate(request: JobRequest): Promise<Estimate>;
  submit(request: JobRequest): Promise<JobView>;
}

/** How a table is to be read, where the file leaves it open; empty: as the coordinator decides. */
export interface TableOptions {
  header: string;
  delimiter: string;
  encoding: string;
  decimal: string;
}

/** A file in its role. */
export interface Slot {
  file: File;
  state: "sending" | "read" | "refused" | "cancelled";
  /** The part that is sent. */
  part: number;
  info?: FileInfo;
  /** Why the file cannot be used. */
  error?: unknown;
  options: TableOptions;
}

/** What a requester says of a job. */
export interface Details {
  name: string;
  description: string;
  /** Who wants it done. */
  requester: string;
  link: string;
  /** Whether what is computed is open to everybody. */
  openSource: boolean;
  priority: Priority;
  /** An escrow in NNET; empty: the operator pays. */
  budget: Amount;
  demo: boolean;
}

/** What a job would cost. */
export type Price = { state: "unknown" } | { state: "asking" } | { state: "known"; estimate: Estimate } | { state: "refused"; error: unknown };

export const AS_DECIDED: TableOptions = { header: "", delimiter: "", encoding: "", decimal: "" };
const NOTHING_SAID: Details = { name: "", description: "", requester: "", link: "", openSource: false, priority: "normal", budget: "", demo: false };

export class Draft extends EventTarget {
  work: WorkName = "matmul";
  extra: Extra = { source: "", first: 0, count: 1000 };
  details: Details = NOTHING_SAID;
  /** A place for each role. They are replaced, never changed, so that elements see it. */
  slots: readonly (Slot | undefined)[] = [];
  price: Price = { state: "unknown" };
  /** Names of dropped files that fit nowhere. */
  unused: string[] = [];
  /** Whether the job is on its way. */
  submitting = false;
  /** Why it was not taken. */
  error: unknown;
  readonly #desk: Desk;
  /** The uploads under way and done, by place. */
  readonly #uploads = new Map<number, AbortController>();
  /** Answers to older questions about the price are dropped. */
  #asked = 0;

  constructor(desk: Desk) {
    super();
    this.#desk = desk;
    this.#begin(this.work);
  }

  /** Whether there is a file, or one was left out. */
  get begun(): boolean {
    return this.unused.length > 0 || this.slots.some((slot) => slot !== undefined);
  }

  /** Whether every role has a file that the coordinator has read. */
  get complete(): boolean {
    const { work, extra } = this;
    if (work === "protect" && !(extra.count >= 1)) return false;
    if (work === "audit" && extra.source.trim() === "") return false;
    return WORK[work].roles.every((_, place) => this.slots[place]?.state === "read");
  }

  /** Takes files that were dropped or chosen. While nothing is there, they also say what kind of work it is. */
  add(files: readonly File[], glimpses: readonly Glimpse[]): void {
    if (this.slots.every((slot) => slot === undefined)) this.#begin(guess(glimpses) ?? this.work);
    this.#place(files);
  }

  /** Takes a file for one role. */
  put(place: number, file: File): void {
    this.#send(place, file, AS_DECIDED);
    this.#changed();
  }

  /** Changes the kind of work. Files that fit it are kept. */
  choose(work: WorkName): void {
    const files = this.slots.flatMap((slot) => (slot ? [slot.file] : []));
    const options = new Map(this.slots.flatMap((slot) => (slot ? [[slot.file, slot.options] as const] : [])));
    this.slots.forEach((_, place) => this.#drop(place));
    this.#begin(work);
    this.#place(files, options);
  }

  remove(place: number): void {
    this.#drop(place);
    this.#changed();
  }

  /** Stops an upload. The file stays, and can be sent again. */
  cancel(place: number): void {
    this.#uploads.get(place)?.abort();
  }

  /** Sends a file again, perhaps to be read in another way. */
  again(place: number, options?: TableOptions): void {
    const slot = this.slots[place];
    if (!slot) return;
    this.#send(place, slot.file, options ?? slot.options);
    this.#changed();
  }

  tell(change: Partial<Details>): void {
    this.details = { ...this.details, ...change };
    this.dispatchEvent(new Event("change"));
  }

  need(change: Partial<Extra>): void {
    this.extra = { ...this.extra, ...change };
    this.#changed();
  }

  /** Submits the job; undefined: the coordinator refused it. */
  async submit(): Promise<JobView | undefined> {
    if (!this.complete || this.submitting) return undefined;
    this.submitting = true;
    this.error = undefined;
    this.dispatchEvent(new Event("change"));
    try {
      const job = await this.#desk.submit(this.request());
      this.#clear();
      return job;
    } catch (error) {
      this.error = error;
      return undefined;
    } finally {
      this.submitting = false;
      this.dispatchEvent(new Event("change"));
    }
  }

  request(): JobRequest {
    const { details, extra, work } = this;
    const files = this.slots.map((slot) => slot?.info?.file ?? "");
    const said = (text: string) => text.trim() || null;
    const about: JobAbout = {
      description: said(details.description),
      requester: said(details.requester),
      link: said(details.link),
      open_source: details.openSource,
    };
    return {
      work: WORK[work].request(files, extra),
      demo: details.demo,
      budget: said(details.budget),
      name: said(details.name),
      ...(details.priority === "normal" ? {} : { priority: details.priority }),
      ...(Object.values(about).some(Boolean) ? { about } : {}),
      task_type: WORK[work].task ?? null,
    };
  }

  #begin(work: WorkName): void {
    this.work = work;
    this.slots = WORK[work].roles.map(() => undefined);
  }

  #clear(): void {
    this.slots.forEach((_, place) => this.#drop(place));
    this.unused = [];
    this.details = NOTHING_SAID;
    this.price = { state: "unknown" };
  }

  #place(files: readonly File[], options?: ReadonlyMap<File, TableOptions>): void {
    const before = this.slots.map((slot) => slot?.file);
    const { placed, left } = assign(WORK[this.work].roles, before, files);
    this.unused = left.map(({ name }) => name);
    placed.forEach((file, place) => {
      if (file && file !== before[place]) this.#send(place, file, options?.get(file) ?? AS_DECIDED);
    });
    this.#changed();
  }

  #drop(place: number): void {
    this.#uploads.get(place)?.abort();
    this.#uploads.delete(place);
    this.slots = this.slots.with(place, undefined);
  }

  #send(place: number, file: File, options: TableOptions): void {
    this.#drop(place);
    const abort = new AbortController();
    this.#uploads.set(place, abort);
    const start: Slot = { file, state: "sending", part: 0, options };
    this.slots = this.slots.with(place, start);
    const change = (to: Partial<Slot>) => {
      if (this.#uploads.get(place) !== abort) return;
      this.slots = this.slots.with(place, { ...start, ...to });
      if (to.state) this.#changed();
      else this.dispatchEvent(new Event("change"));
    };
    const role = WORK[this.work].roles[place];
    const said = isTable(file.name) ? options : AS_DECIDED;
    const path = address(file.name, role?.format?.(ending(file.name)), said);
    const sent = this.#desk.upload(path, file, (part) => change({ part }), abort.signal);
    sent.then(
      (info) => change({ state: "read", info }),
      (error: unknown) => change({ state: abort.signal.aborted ? "cancelled" : "refused", error }),
    );
  }

  /** Something that the price depends on has changed. */
  #changed(): void {
    this.error = undefined;
    void this.#ask();
    this.dispatchEvent(new Event("change"));
  }

  async #ask(): Promise<void> {
    const asked = ++this.#asked;
    const answer = (price: Price) => {
      if (asked !== this.#asked) return;
      this.price = price;
      this.dispatchEvent(new Event("change"));
    };
    if (!this.complete) return answer({ state: "unknown" });
    answer({ state: "asking" });
    try {
      answer({ state: "known", estimate: await this.#desk.estimate(this.request()) });
    } catch (error) {
      answer({ state: "refused", error });
    }
  }
}

/** The call that takes a file. The whole name may be too long, and only its end matters. */
export function address(name: string, format: string | undefined, options: TableOptions): string {
  const query = new URLSearchParams({ name: name.slice(-100) });
  if (format) query.set("format", format);
  for (const [option, value] of Object.entries(options) as [string, string][]) if (value) query.set(option, value);
  return `/v1/files?${query}`;
}

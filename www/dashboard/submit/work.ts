/** The kinds of work that can be submitted: for each its files, and the request made of them. */

import type { Cid, JobWork, TaskType } from "adit-worker/wire.ts";

export const WORKS = ["matmul", "floats", "infer", "fraud", "gradient", "validate", "audit", "protect"] as const;
/** A kind of work, by the name of its messages. */
export type WorkName = (typeof WORKS)[number];

/** What a file is to a kind of work. */
export type RoleName = "left" | "right" | "model" | "samples" | "targets" | "set" | "blocks";

export interface Role {
  name: RoleName;
  /** The endings of files that it takes; none: all. */
  endings: readonly string[];
  /** The format in which the coordinator reads a file, where its name does not say it. */
  format?(ending: string): string | undefined;
}

/** What a kind needs beside files. */
export interface Extra {
  source: string;
  first: number;
  count: number;
}

interface Work {
  roles: readonly Role[];
  /** The ending of the result's file. */
  result: string;
  task?: TaskType;
  /** The request of files, one for each role. */
  request(files: readonly Cid[], extra: Extra): JobWork;
}

const NPY = [".npy"] as const;
const model: Role = { name: "model", endings: [".safetensors"] };
const samples: Role = { name: "samples", endings: [".csv", ".npy"] };
const floats = { endings: NPY, format: () => "npy_f32" } as const;
/** A kind is asked for the request once every role has its file. */
const at = (files: readonly Cid[], place: number): Cid => files[place] ?? "";
const classify: Work = { roles: [model, samples], result: ".csv", request: (files) => ({ kind: "mlp_i8/1", model: at(files, 0), input: at(files, 1) }) };

export const WORK: Readonly<Record<WorkName, Work>> = {
  matmul: {
    roles: [
      { name: "left", endings: NPY },
      { name: "right", endings: NPY },
    ],
    result: ".npy",
    request: (files) => ({ kind: "matmul_i8/1", a: at(files, 0), b: at(files, 1) }),
  },
  floats: {
    roles: [
      { name: "left", ...floats },
      { name: "right", ...floats },
    ],
    result: ".npy",
    request: (files) => ({ kind: "matmul_f32/1", a: at(files, 0), b: at(files, 1) }),
  },
  infer: classify,
  fraud: { ...classify, task: "fraud_detection" },
  gradient: {
    roles: [model, samples, { name: "targets", endings: [".npy", ".csv"] }],
    result: ".safetensors",
    request: (files) => ({ kind: "gradient_i8/1", model: at(files, 0), input: at(files, 1), targets: at(files, 2) }),
  },
  validate: {
    roles: [{ name: "set", endings: [], format: (ending) => (ending === ".csv" ? "table" : "data") }],
    result: ".json",
    request: (files) => ({ kind: "hash_tree/1", data: { at: "file", file: at(files, 0) } }),
  },
  audit: {
    roles: [{ name: "blocks", endings: [".csv"], format: () => "blocks" }],
    result: ".json",
    request: (files, { source }) => ({ kind: "hash_tree/2", source: source.trim().replace(/\/+$/, ""), blocks: at(files, 0) }),
  },
  protect: {
    roles: [],
    result: ".json",
    request: (_files, { first, count }) => ({ kind: "hash_tree/1", data: { at: "log", first, count } }),
  },
};

/** A file's ending in lower case, with its dot. */
export function ending(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot).toLowerCase();
}

/** Whether a role takes a file of this name. */
export function takes(role: Role, name: string): boolean {
  return role.endings.length === 0 || role.endings.includes(ending(name));
}

/** Whether the coordinator reads a file of this name as a table. */
export function isTable(name: string): boolean {
  return ending(name) === ".csv";
}

/** Gives files to roles: each to the first free one that takes it, else to the first that takes it. What fits nowhere is left. */
export function assign<F extends { name: string }>(roles: readonly Role[], taken: readonly (F | undefined)[], files: readonly F[]) {
  const placed = roles.map((_, place) => taken[place]);
  const fresh = new Set<number>();
  const left: F[] = [];
  for (const file of files) {
    const fitting = roles.flatMap((role, place) => (takes(role, file.name) && !fresh.has(place) ? [place] : []));
    const place = fitting.find((place) => placed[place] === undefined) ?? fitting[0];
    if (place === undefined) {
      left.push(file);
    } else {
      placed[place] = file;
      fresh.add(place);
    }
  }
  return { placed, left };
}

/** A file as far as its name and first bytes tell. */
export interface Glimpse {
  name: string;
  /** Whether it is a `.npy` file of floats. */
  floats: boolean;
}

/** The kind of work that these files suggest; undefined: none in particular. */
export function guess(files: readonly Glimpse[]): WorkName | undefined {
  const count = (wanted: string) => files.filter(({ name }) => ending(name) === wanted).length;
  const [models, matrices, tables] = [count(".safetensors"), count(".npy"), count(".csv")];
  if (models === 1) return matrices + tables > 1 ? "gradient" : "infer";
  if (models > 1) return undefined;
  if (matrices === files.length && matrices === 2) return files.some(({ floats }) => floats) ? "floats" : "matmul";
  return files.length === 1 && matrices === 0 ? "validate" : undefined;
}

/** Whether the first bytes of a file are those of a `.npy` of floats. */
export function holdsFloats(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 200));
  return text.startsWith("\x93NUMPY") && /'descr':\s*'[<>|=]?f/.test(text);
}

/** The result's file name. Only letters, digits and a few signs are kept of a job's name. */
export function resultName(job: number, name: string | null, kind: string): string {
  const words = (name ?? "").normalize("NFC").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 60);
  return `${words || "job"}-${job}${RESULTS[kind.split("/")[0] ?? ""] ?? ""}`;
}

const RESULTS: Readonly<Record<string, string>> = {
  matmul_i8: ".npy",
  matmul_f32: ".npy",
  mlp_i8: ".csv",
  gradient_i8: ".safetensors",
  hash_tree: ".json",
};

/** What a person drops or chooses, as files and folders. Nothing is read yet. */

import type { Tree } from "adit-worker/messages.ts";

/** More is refused: a page that walks a whole disk does not answer any more. */
const MAX_FILES = 100_000;
/** The deepest folder, as on the command line. */
const MAX_DEPTH = 200;

export interface Chosen {
  name: string;
  what: Tree;
  files: number;
  /** Of all files. */
  bytes: number;
}

/** There are too many files, or folders lie too deep in each other. */
export class TooMuch extends Error {}

type Folder = Map<string, Tree>;

/** From a field: single files, or a folder's files, which know their paths. */
export function fromField(files: Iterable<File>): Chosen[] {
  const found: Chosen[] = [];
  const folders = new Map<string, Chosen>();
  for (const file of files) {
    const path = file.webkitRelativePath.split("/");
    const root = path.length > 1 ? path.shift() : undefined;
    if (root === undefined) {
      found.push(single(file));
      continue;
    }
    const chosen = folders.get(root) ?? { name: root, what: new Map<string, Tree>(), files: 0, bytes: 0 };
    folders.set(root, chosen);
    put(chosen, path, file);
  }
  return [...found, ...folders.values()];
}

/** From a drop. Its items are gone when the event's handler has returned, so that they are taken at once. */
export function fromDrop(items: Iterable<DataTransferItem>): Promise<Chosen[]> {
  const taken: (FileSystemEntry | File)[] = [];
  for (const item of items) {
    const entry = item.kind === "file" ? (item.webkitGetAsEntry() ?? item.getAsFile()) : null;
    if (entry) taken.push(entry);
  }
  return Promise.all(taken.map((entry) => (entry instanceof File ? single(entry) : walk(entry))));
}

function single(file: File): Chosen {
  return { name: file.name, what: file, files: 1, bytes: file.size };
}

/** Puts a file where its path leads. */
function put(chosen: Chosen, path: string[], file: File): void {
  count(chosen, file, path.length);
  let folder = chosen.what as Folder;
  for (const name of path.slice(0, -1)) {
    const inner = folder.get(name) ?? new Map<string, Tree>();
    folder.set(name, inner);
    folder = inner as Folder;
  }
  folder.set(path.at(-1) ?? file.name, file);
}

async function walk(entry: FileSystemEntry): Promise<Chosen> {
  const chosen: Chosen = { name: entry.name, what: new Map(), files: 0, bytes: 0 };
  const visit = async (entry: FileSystemEntry, depth: number): Promise<Tree> => {
    if (!entry.isDirectory) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      count(chosen, file, depth);
      return file;
    }
    const inner = await list(entry as FileSystemDirectoryEntry);
    return new Map(await Promise.all(inner.map(async (entry) => [entry.name, await visit(entry, depth + 1)] as const)));
  };
  chosen.what = await visit(entry, 0);
  return chosen;
}

/** All entries of a folder: a reader gives a hundred or so at a time, and then none. */
async function list(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    if (all.push(...some) > MAX_FILES) throw new TooMuch();
  }
}

function count(chosen: Chosen, file: File, depth: number): void {
  chosen.files += 1;
  chosen.bytes += file.size;
  if (chosen.files > MAX_FILES || depth > MAX_DEPTH) throw new TooMuch();
}

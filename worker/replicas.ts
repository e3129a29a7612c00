/** Replicas as files of this origin, in a storage bucket of their own where the browser has buckets. */

import type { Database } from "./database.ts";

const BUCKET = "adit-replicas";
const FOLDER = "replicas";

/** As in the Storage Buckets specification; TypeScript does not know it yet. */
interface Buckets {
  open(name: string, options: { persisted: boolean; durability: "relaxed" | "strict" }): Promise<{ getDirectory(): Promise<FileSystemDirectoryHandle> }>;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Movable = FileSystemFileHandle & { move(name: string): Promise<void> };

const buckets = (navigator as WorkerNavigator & { storageBuckets?: Buckets }).storageBuckets;

export class Replicas {
  /** Whether an eviction of replicas spares the key. */
  readonly apart = buckets !== undefined;
  readonly #database: Database;
  readonly #server: string;
  #folder: Promise<FileSystemDirectoryHandle> | undefined;

  constructor(database: Database, server: string) {
    this.#database = database;
    this.#server = server;
  }

  async length(file: string): Promise<number | undefined> {
    return (await this.#file(file))?.size;
  }

  async read(file: string, offset: number, bytes: number): Promise<Bytes | undefined> {
    const found = await this.#file(file);
    try {
      return found && new Uint8Array(await found.slice(offset, offset + bytes).arrayBuffer());
    } catch {
      return undefined;
    }
  }

  append(file: string, bytes: Bytes): Promise<void> {
    return this.#write(file, bytes, (handle) => handle.getSize());
  }

  write(file: string, bytes: Bytes): Promise<void> {
    return this.#write(file, bytes, () => 0);
  }

  async rename(from: string, to: string): Promise<void> {
    await ((await (await this.#opened()).getFileHandle(from)) as Movable).move(to);
  }

  async remove(file: string): Promise<void> {
    try {
      await (await this.#opened()).removeEntry(file);
    } catch {
      // It is gone, alone or with all others.
    }
  }

  /** The index lies beside the key: what tells of a loss must not be lost with it. */
  async index(): Promise<Bytes | undefined> {
    return (await this.#database.open()).get("replicas", this.#server);
  }

  async keepIndex(index: Bytes): Promise<void> {
    await (await this.#database.open()).put("replicas", index, this.#server);
  }

  async #write(file: string, bytes: Bytes, at: (handle: FileSystemSyncAccessHandle) => number): Promise<void> {
    const found = await (await this.#opened()).getFileHandle(file, { create: true });
    const handle = await found.createSyncAccessHandle();
    try {
      const from = at(handle);
      handle.truncate(from);
      // Some browsers write what fits and say how much that was.
      if (handle.write(bytes, { at: from }) < bytes.length) throw new DOMException("The browser wrote a part only.", "QuotaExceededError");
      handle.flush();
    } finally {
      handle.close();
    }
  }

  async #file(file: string): Promise<File | undefined> {
    try {
      return await (await (await this.#opened()).getFileHandle(file)).getFile();
    } catch {
      return undefined;
    }
  }

  /** The folder. A bucket that was deleted gives none of its handles back to life: it is opened anew. */
  async #opened(): Promise<FileSystemDirectoryHandle> {
    const folder = await (this.#folder ??= open());
    try {
      for await (const _ of folder.keys()) break;
      return folder;
    } catch {
      return (this.#folder = open());
    }
  }
}

async function open(): Promise<FileSystemDirectoryHandle> {
  const bucket = await buckets?.open(BUCKET, { persisted: false, durability: "relaxed" });
  const root = await (bucket ?? navigator.storage).getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

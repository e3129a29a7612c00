/** The content worker: computes the CID of one file or folder. It sends nothing to anybody but its page, which ends it to cancel. */

import init, { FileNamer, FolderNamer, type Named } from "../pkg/content/content.js";
import { messageOf } from "./error.ts";
import type { Naming, NamingReport, Tree } from "./messages.ts";

/** Bytes that are read at once, while those before them are hashed. */
const READ_BYTES = 2 << 20;
/** Files of a folder whose beginnings are read before their turn: to wait for each small one would take longest. */
const AHEAD = 16;
const NEWS_EVERY_MS = 100;

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = async ({ data }: MessageEvent<Naming>) => {
  const work = new Work(data.profile);
  try {
    await init();
    const { cid } = await work.name(data.what, data.name);
    report({ event: "named", cid, bytes: work.bytes });
  } catch (error) {
    const unreadable = error instanceof DOMException || error instanceof Changed;
    report({ event: "failed", path: work.path, reason: unreadable ? undefined : messageOf(error) });
  }
};

type Piece = Uint8Array<ArrayBuffer>;

/** A file has other bytes than when it was chosen. */
class Changed extends Error {}

class Work {
  /** The bytes that are hashed. */
  bytes = 0;
  /** What is being read. */
  path = "";
  readonly #profile: string;
  #told = 0;

  constructor(profile: string) {
    this.#profile = profile;
  }

  name(what: Tree, path: string, beginning?: Promise<Piece>): Promise<Named> {
    this.path = path;
    return what instanceof File ? this.#file(what, beginning ?? read(what, 0)) : this.#folder(what, path);
  }

  async #folder(entries: ReadonlyMap<string, Tree>, path: string): Promise<Named> {
    const folder = new FolderNamer(this.#profile);
    const all = [...entries];
    const beginnings: Promise<Piece>[] = [];
    for (const [at, [name, what]] of all.entries()) {
      for (const [, next] of all.slice(beginnings.length, at + AHEAD)) beginnings.push(begin(next));
      const named = await this.name(what, `${path}/${name}`, beginnings[at]);
      delete beginnings[at];
      // Half a surrogate pair would be replaced on its way into Rust, and the CID be that of another name.
      if (!isWellFormed(name)) throw new Error("The name is no Unicode text.");
      folder.add(name, named);
      named.free();
    }
    this.path = path;
    return folder.finish();
  }

  async #file(file: File, beginning: Promise<Piece>): Promise<Named> {
    const namer = new FileNamer(this.#profile);
    let next = beginning;
    for (let at = 0; at < file.size; ) {
      const piece = await next;
      if (piece.length === 0) throw new Changed();
      at += piece.length;
      if (at < file.size) next = read(file, at);
      namer.write(piece);
      this.#hashed(piece.length);
    }
    return namer.finish();
  }

  #hashed(bytes: number): void {
    this.bytes += bytes;
    const now = performance.now();
    if (now - this.#told < NEWS_EVERY_MS) return;
    this.#told = now;
    report({ event: "progress", bytes: this.bytes });
  }
}

/** The first piece of a file. Why it cannot be read matters only when its turn comes. */
function begin(what: Tree): Promise<Piece> {
  const piece = what instanceof File ? read(what, 0) : Promise.resolve(new Uint8Array());
  piece.catch(() => undefined);
  return piece;
}

async function read(file: File, at: number): Promise<Piece> {
  return new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer());
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function report(report: NamingReport): void {
  scope.postMessage(report);
}

/** The coordinator for which the specs mine: the one at ADIT_URL, or one started from ADIT_BIN. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Account, JobView, Overview, Receipt, ReceiptList } from "../../worker/wire.ts";
import { npy } from "./npy.ts";

const DIST = fileURLToPath(new URL("../../www/dist", import.meta.url));
const HEALTHY_WITHIN_MS = 20_000;

/** A name under which a spec reaches it: not one of loopback's own, so browsers do not trust it over plain http. */
export const INSECURE_HOST = "adit.example";

export interface Shape {
  rows: number;
  k: number;
  n: number;
  /** Whether the left matrix has values of 0 to 127, like activations. */
  activations?: boolean;
}

export class Coordinator {
  readonly url: string;
  #token: string;
  /** Further words of `adit serve`. */
  readonly #words: readonly string[];
  #data: string | undefined;
  #child: ChildProcess | undefined;
  readonly #files = new Map<string, Promise<string>>();

  private constructor(url: string, token: string, words: readonly string[] = []) {
    this.url = url;
    this.#token = token;
    this.#words = words;
  }

  /** The one at ADIT_URL, or a new one. */
  static async any(): Promise<Coordinator> {
    const { ADIT_URL, ADIT_TOKEN } = process.env;
    return ADIT_URL ? new Coordinator(ADIT_URL, ADIT_TOKEN ?? "") : Coordinator.start();
  }

  /** Whether specs may stop and start the coordinator. */
  static get ownOnes(): boolean {
    return process.env["ADIT_BIN"] !== undefined;
  }

  /** A new coordinator with an empty folder. */
  static async start(...words: string[]): Promise<Coordinator> {
    const coordinator = new Coordinator(`http://127.0.0.1:${await freePort()}`, "", words);
    await coordinator.restart({ fresh: true });
    return coordinator;
  }

  get token(): string {
    return this.#token;
  }

  /** Starts again at the same address, with its old folder or, if `fresh`, with a new one and a new key. */
  async restart({ fresh }: { fresh: boolean }): Promise<void> {
    await this.kill();
    if (fresh) {
      this.#forget();
      this.#files.clear();
      this.#data = mkdtempSync(join(tmpdir(), "adit-browser-"));
    }
    const program = process.env["ADIT_BIN"];
    if (!program || !this.#data) throw new Error("set ADIT_BIN to the built program, or ADIT_URL to a coordinator");
    const listen = new URL(this.url).host;
    const args = ["serve", "--log-level", "warn", "--listen", listen, "--data", this.#data, "--web", DIST, "--host", INSECURE_HOST, ...this.#words];
    this.#child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    await this.#healthy();
    this.#token = readFileSync(join(this.#data, "admin.token"), "utf8").trim();
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    this.#forget();
  }

  /** Submits a product of two matrices and returns the job's number. */
  async submit(name: string, { rows, k, n, activations }: Shape): Promise<number> {
    const [a, b] = [await this.#matrix(rows, k, 1, activations), await this.#matrix(k, n, 2)];
    return this.#submit({ work: { kind: "matmul_i8/1", a, b }, demo: true, name });
  }

  /** Submits a classification of samples and returns the job's number. */
  async submitInference(name: string, model: Uint8Array<ArrayBuffer>, samples: Uint8Array<ArrayBuffer>): Promise<number> {
    const work = {
      kind: "mlp_i8/1",
      model: await this.#upload("model.safetensors", model),
      input: await this.#upload("samples.csv", samples),
    };
    return this.#submit({ work, demo: true, name });
  }

  /** Submits a data set to hash and returns the job's number. */
  async submitData(name: string, data: Uint8Array<ArrayBuffer>): Promise<number> {
    const file = await this.#upload("data", data, "data");
    return this.#submit({ work: { kind: "hash_tree/1", data: { at: "file", file } }, demo: true, name });
  }

  /** Submits a product of two float32 matrices and returns the job's number. */
  async submitFloats(name: string, a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Promise<number> {
    const work = {
      kind: "matmul_f32/1",
      a: await this.#upload("a.npy", a, "npy_f32"),
      b: await this.#upload("b.npy", b, "npy_f32"),
    };
    return this.#submit({ work, demo: true, name });
  }

  /** Stores content with miners, one replica of each piece, from the epochs' budget; returns its number. */
  async store(name: string, content: Uint8Array<ArrayBuffer>): Promise<number> {
    const path = `/v1/storage/pins?name=${encodeURIComponent(name)}&root=&replicas=1&hours=24&sponsored=true`;
    return (await this.#call<{ pin: number }>("POST", path, "application/octet-stream", content)).pin;
  }

  /** Lets the native program mine for it. */
  mine(): { end(): Promise<void> } {
    const program = process.env["ADIT_BIN"];
    if (!program) throw new Error("set ADIT_BIN to the built program");
    const home = mkdtempSync(join(tmpdir(), "adit-miner-"));
    const args = ["mine", "--server", this.url, "--cpu", "1", "--gpu", "off", "--key", join(home, "key")];
    const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, HOME: home } });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    return {
      end: async () => {
        child.kill("SIGINT");
        await gone;
        rmSync(home, { recursive: true, force: true });
      },
    };
  }

  /** Cancels a job, unless it has ended. */
  async cancel(job: number): Promise<void> {
    if ((await this.job(job)).state === "active") await this.#call("DELETE", `/v1/jobs/${job}`);
  }

  job(job: number): Promise<JobView> {
    return this.#call("GET", `/v1/jobs/${job}`);
  }

  /** What a key has been paid. */
  async posted(key: string): Promise<string> {
    return (await this.#call<Account>("GET", `/v1/accounts/${key}`)).posted;
  }

  /** The number of valid outputs so far. */
  async valid(): Promise<number> {
    return (await this.overview()).verdicts.valid;
  }

  overview(): Promise<Overview> {
    return this.#call("GET", "/v1/overview");
  }

  /** At most a hundred receipts, from log index `since` on, the newest first. */
  async receipts(since = 0): Promise<Receipt[]> {
    const { receipts } = await this.#call<ReceiptList>("GET", "/v1/receipts?limit=100");
    return receipts.map(({ receipt }) => receipt).filter(({ log_index }) => log_index >= since);
  }

  /** The bytes at a path. */
  async bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await fetch(this.url + path, { headers: { authorization: `Bearer ${this.#token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async #submit(job: object): Promise<number> {
    return (await this.#call<JobView>("POST", "/v1/jobs", "application/json", JSON.stringify(job))).job;
  }

  /** The CID of a matrix's file, which is uploaded once. */
  #matrix(rows: number, columns: number, seed: number, activations = false): Promise<string> {
    const name = `${seed}-${rows}x${columns}${activations ? "-activations" : ""}.npy`;
    const uploaded = this.#files.get(name) ?? this.#upload(name, npy(rows, columns, seed, activations));
    this.#files.set(name, uploaded);
    return uploaded;
  }

  async #upload(name: string, bytes: Uint8Array<ArrayBuffer>, format?: string): Promise<string> {
    const path = `/v1/files?name=${name}${format ? `&format=${format}` : ""}`;
    return (await this.#call<{ file: string }>("POST", path, "application/octet-stream", bytes)).file;
  }

  async #call<T>(method: string, path: string, type?: string, body?: BodyInit): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (type) headers["content-type"] = type;
    const answer = await fetch(this.url + path, { method, headers, ...(body ? { body } : {}) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async #healthy(): Promise<void> {
    const until = Date.now() + HEALTHY_WITHIN_MS;
    for (;;) {
      try {
        if ((await fetch(`${this.url}/healthz`)).ok) return;
      } catch {
        if (Date.now() > until) throw new Error("the coordinator does not answer");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #forget(): void {
    if (this.#data) rmSync(this.#data, { recursive: true, force: true });
    this.#data = undefined;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

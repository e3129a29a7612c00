/** The coordinator's calls, with the operator's token in a header and never in an address. */

const TIMEOUT_MS = 8000;
/** A job's files are read again and cut before it is priced or taken. */
const LONG_TIMEOUT_MS = 120_000;

/** The operator's token, wherever it is kept. */
export interface TokenPlace {
  token: string;
}

/** A token of this tab: kept until the tab is closed, or for this page alone where storage is blocked. */
export class TabToken implements TokenPlace {
  static readonly #KEY = "adit-token";
  #held = "";

  get token(): string {
    try {
      return sessionStorage.getItem(TabToken.#KEY) ?? this.#held;
    } catch {
      return this.#held;
    }
  }

  set token(token: string) {
    this.#held = token.trim();
    try {
      sessionStorage.setItem(TabToken.#KEY, this.#held);
    } catch {
      // It holds until the page is left.
    }
  }
}

/** Called with the part of an upload that is sent, 0 to 1. */
export type Progress = (part: number) => void;

/** One coordinator, as a requester and its operator call it. */
export class Api {
  readonly #server: string;
  readonly #place: TokenPlace;

  constructor(server: string, place: TokenPlace) {
    this.#server = server;
    this.#place = place;
  }

  get token(): string {
    return this.#place.token;
  }

  set token(token: string) {
    this.#place.token = token;
  }

  /** The JSON of an answer. */
  async get<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  /** Sends an object, or nothing, and reads the answer. */
  async call<T>(method: "POST" | "DELETE", path: string, body?: object): Promise<T> {
    const sent = body ? { body: JSON.stringify(body), headers: { ...this.#headers(), "content-type": "application/json" } } : {};
    const answer = await this.fetch(path, { method, signal: AbortSignal.timeout(LONG_TIMEOUT_MS), ...sent });
    return (await answer.json()) as T;
  }

  /** An answer; throws a `Refusal` if it is an error, and `Unreachable` if there is none. */
  async fetch(path: string, options: RequestInit = {}): Promise<Response> {
    const response = await this.ask(path, options);
    if (!response.ok) throw refusal(response.status, await response.text().catch(() => ""));
    return response;
  }

  /** An answer of any status. */
  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    const common = { headers: this.#headers(), cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
    try {
      return await fetch(this.#server + path, { ...common, ...options });
    } catch (error) {
      throw options.signal?.aborted && options.signal.reason?.name === "AbortError" ? error : new Unreachable();
    }
  }

  /** Sends a file as it is. The browser streams it from disk; only an XMLHttpRequest tells how far it is. */
  upload<T>(path: string, file: Blob, progress: Progress, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.#server + path);
      for (const [name, value] of Object.entries(this.#headers())) request.setRequestHeader(name, value);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => {
        if (request.status < 200 || request.status > 299) reject(refusal(request.status, request.responseText));
        else resolve(JSON.parse(request.responseText) as T);
      };
      request.onerror = () => reject(new Unreachable());
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      if (signal.aborted) request.onabort(new ProgressEvent("abort"));
      else request.send(file);
    });
  }

  #headers(): Record<string, string> {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }
}

/** The coordinator answered with an error, in its own words where it gave any. */
export class Refusal extends Error {
  readonly status: number;
  /** The stable code that programs match on. */
  readonly code: string;

  constructor(status: number, message: string, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** No answer came. */
export class Unreachable extends Error {}

/** Reads an error's body. */
function refusal(status: number, text: string): Refusal {
  try {
    const { detail, code } = JSON.parse(text) as { detail?: unknown; code?: unknown };
    if (typeof detail === "string") return new Refusal(status, detail, typeof code === "string" ? code : "");
  } catch {
    // The body is not the coordinator's.
  }
  return new Refusal(status, "");
}

/** Everything that the dashboard shows, fetched together every two seconds. */

import type {
  Activity,
  EpochList,
  EpochView,
  JobList,
  JobView,
  LedgerTotals,
  MinerList,
  MinerView,
  Overview,
  ProvenReceipt,
  ReceiptList,
} from "adit-worker/wire.ts";

const REFRESH_MS = 2000;
const TIMEOUT_MS = 8000;
const TOKEN_KEY = "adit-token";
/** The number of receipts that are shown. */
const RECEIPTS = 15;

export interface Figures {
  overview: Overview;
  activity: Activity;
  jobs: JobView[];
  ledger: LedgerTotals;
  epochs: EpochView[];
  receipts: ProvenReceipt[];
  /** Absent without the operator's token. */
  miners: MinerView[] | undefined;
}

/** Fetches the figures while the page is visible. */
export class Feed extends EventTarget {
  figures: Figures | undefined;
  /** Why the figures are not newer. */
  trouble: string | undefined;
  /** Whether the coordinator knows the token; undefined: none was given. */
  tokenAccepted: boolean | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  readonly #server: string;
  /** The minutes that the charts show. */
  #minutes = 10;

  constructor(server: string) {
    super();
    this.#server = server;
  }

  /** It is kept for this tab, until the tab is closed. */
  get token(): string {
    return sessionStorage.getItem(TOKEN_KEY) ?? "";
  }

  set token(token: string) {
    sessionStorage.setItem(TOKEN_KEY, token.trim());
    this.tokenAccepted = undefined;
    this.start();
  }

  get minutes(): number {
    return this.#minutes;
  }

  set minutes(minutes: number) {
    this.#minutes = minutes;
    this.start();
  }

  start(): void {
    this.#running = true;
    clearTimeout(this.#timer);
    void this.#refresh();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    if (document.visibilityState === "visible") {
      try {
        this.figures = await this.#fetchAll();
        this.trouble = undefined;
      } catch (error) {
        this.trouble = error instanceof Refusal ? error.message : "The coordinator does not answer. It is asked again every two seconds.";
      }
      this.dispatchEvent(new Event("change"));
    }
    clearTimeout(this.#timer);
    if (this.#running) this.#timer = setTimeout(() => void this.#refresh(), REFRESH_MS);
  }

  async #fetchAll(): Promise<Figures> {
    const [overview, activity, jobs, ledger, epochs, receipts, miners] = await Promise.all([
      this.get<Overview>("/v1/overview"),
      this.get<Activity>(`/v1/activity?minutes=${this.minutes}`),
      this.get<JobList>("/v1/jobs"),
      this.get<LedgerTotals>("/v1/ledger"),
      this.get<EpochList>("/v1/epochs"),
      this.get<ReceiptList>(`/v1/receipts?limit=${RECEIPTS}`),
      this.#miners(),
    ]);
    return { overview, activity, jobs: jobs.jobs, ledger, epochs: epochs.epochs, receipts: receipts.receipts, miners };
  }

  async #miners(): Promise<MinerView[] | undefined> {
    if (!this.token) return undefined;
    try {
      const { miners } = await this.get<MinerList>("/v1/miners");
      this.tokenAccepted = true;
      return miners;
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      this.tokenAccepted = false;
      return undefined;
    }
  }

  /** The JSON of an answer. */
  async get<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  /** An answer; throws a `Refusal` if it is an error. */
  async fetch(path: string): Promise<Response> {
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : {};
    const response = await fetch(this.#server + path, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Refusal(response.status, await reason(response));
    return response;
  }
}

/** The coordinator answered with an error. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The message in the coordinator's error body. */
async function reason(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // The body is not the coordinator's.
  }
  return `The coordinator answered ${response.status}.`;
}

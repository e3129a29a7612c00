/** What everybody may know of a network, fetched while the page is visible. No token is ever sent. */

import type { Activity, JobList, Leaderboard, Overview, ProvenReceipt, ReceiptList } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";

const REFRESH_MS = 5000;
/** The most jobs that are named. */
const JOBS = 10;

export interface Statistics {
  overview: Overview;
  jobs: JobList;
  /** The last hour, in steps. */
  hour: Activity;
  leaders: Leaderboard;
  last: ProvenReceipt | undefined;
}

export class StatsFeed extends EventTarget {
  statistics: Statistics | undefined;
  /** Why the figures are not newer. */
  trouble: unknown;
  readonly #api: Api;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  constructor(api: Api) {
    super();
    this.#api = api;
  }

  start(): void {
    this.#running = true;
    void this.#refresh();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    if (document.visibilityState === "visible") {
      try {
        this.statistics = await this.#fetchAll();
        this.trouble = undefined;
      } catch (error) {
        this.trouble = error;
      }
      this.dispatchEvent(new Event("change"));
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#refresh(), REFRESH_MS);
  }

  async #fetchAll(): Promise<Statistics> {
    const [overview, jobs, hour, leaders, receipts] = await Promise.all([
      this.#api.get<Overview>("/v1/overview"),
      this.#api.get<JobList>(`/v1/jobs?ended=false&limit=${JOBS}`),
      this.#api.get<Activity>("/v1/activity?minutes=60"),
      this.#api.get<Leaderboard>("/ai-energy/leaderboard?limit=20"),
      this.#api.get<ReceiptList>("/v1/receipts?limit=1"),
    ]);
    return { overview, jobs, hour, leaders, last: receipts.receipts[0] };
  }
}

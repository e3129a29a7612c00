/** What everybody may know of a network, fetched while the page is visible. No token is ever sent. */

import type { JobList, Statistics } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";

const REFRESH_MS = 5000;
/** The days that are shown. */
const DAYS = 30;
/** The most jobs that are named. */
const JOBS = 10;

export interface Network {
  statistics: Statistics;
  /** The newest jobs that have not ended. */
  jobs: JobList;
}

export class StatsFeed extends EventTarget {
  network: Network | undefined;
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
        this.network = await this.#fetchAll();
        this.trouble = undefined;
      } catch (error) {
        this.trouble = error;
      }
      this.dispatchEvent(new Event("change"));
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#refresh(), REFRESH_MS);
  }

  async #fetchAll(): Promise<Network> {
    const [statistics, jobs] = await Promise.all([
      this.#api.get<Statistics>(`/v1/statistics?days=${DAYS}`),
      this.#api.get<JobList>(`/v1/jobs?ended=false&limit=${JOBS}`),
    ]);
    return { statistics, jobs };
  }
}

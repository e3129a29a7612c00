/** What everybody may know of a network. No token is ever sent. */

import type { JobList, Statistics } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";
import { Poll } from "./poll.ts";

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

export class StatsFeed extends Poll<Network> {
  readonly #api: Api;

  constructor(api: Api) {
    super(REFRESH_MS);
    this.#api = api;
  }

  protected override async fetchAll(): Promise<Network> {
    const [statistics, jobs] = await Promise.all([
      this.#api.get<Statistics>(`/v1/statistics?days=${DAYS}`),
      this.#api.get<JobList>(`/v1/jobs?ended=false&limit=${JOBS}`),
    ]);
    return { statistics, jobs };
  }
}

/** Everything that the dashboard shows. */

import type {
  Activity,
  EpochList,
  EpochView,
  Health,
  JobList,
  JobView,
  LedgerTotals,
  MinerList,
  Overview,
  ProvenReceipt,
  ReceiptList,
} from "adit-worker/wire.ts";

import { type Api, Refusal } from "./api.ts";
import { Pager } from "./pager.ts";
import { Poll } from "./poll.ts";

const REFRESH_MS = 2000;
/** The number of receipts that are shown. */
const RECEIPTS = 10;
/** The length of a page of jobs that have ended, and of miners. */
const ENDED = 20;
const MINERS = 50;
/** The most active jobs that are shown at once. */
const ACTIVE = 50;

export interface Figures {
  overview: Overview;
  health: Health | undefined;
  activity: Activity;
  active: JobList;
  ended: JobList;
  ledger: LedgerTotals;
  epochs: EpochView[];
  receipts: ProvenReceipt[];
  /** The miners seen last, and those of the page that is shown. Absent without the operator's token. */
  lately: MinerList | undefined;
  miners: MinerList | undefined;
}

export class Feed extends Poll<Figures> {
  /** Whether the coordinator knows the token; undefined: none was given. */
  tokenAccepted: boolean | undefined;
  readonly api: Api;
  readonly endedPages = new Pager<number>();
  readonly minerPages = new Pager<string>();
  /** The minutes that the charts show. */
  #minutes = 10;

  constructor(api: Api) {
    super(REFRESH_MS);
    this.api = api;
  }

  /** Uses another token from now on; an empty one: none. */
  useToken(token: string): void {
    this.api.token = token;
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

  /** Shows a job that has just been submitted, before the next figures come. */
  show(job: JobView): void {
    if (!this.figures) return;
    const { active, ended } = this.figures;
    if (job.state === "active") this.figures = { ...this.figures, active: { ...active, jobs: [job, ...active.jobs] } };
    else this.figures = { ...this.figures, ended: { ...ended, jobs: [job, ...ended.jobs] } };
    this.dispatchEvent(new Event("change"));
    this.start();
  }

  protected override async fetchAll(): Promise<Figures> {
    const { api, endedPages } = this;
    const before = endedPages.cursor === undefined ? "" : `&before=${endedPages.cursor}`;
    const [overview, health, activity, active, ended, ledger, epochs, receipts, [lately, miners]] = await Promise.all([
      api.get<Overview>("/v1/overview"),
      this.#health(),
      api.get<Activity>(`/v1/activity?minutes=${this.minutes}`),
      api.get<JobList>(`/v1/jobs?ended=false&limit=${ACTIVE}`),
      api.get<JobList>(`/v1/jobs?ended=true&limit=${ENDED}${before}`),
      api.get<LedgerTotals>("/v1/ledger"),
      api.get<EpochList>("/v1/epochs"),
      api.get<ReceiptList>(`/v1/receipts?limit=${RECEIPTS}`),
      this.#miners(),
    ]);
    return { overview, health, activity, active, ended, ledger, epochs: epochs.epochs, receipts: receipts.receipts, lately, miners };
  }

  /** How the writer is; a coordinator that takes no writes says so with an error status. */
  async #health(): Promise<Health | undefined> {
    const health = (await (await this.api.ask("/healthz")).json().catch(() => undefined)) as Health | undefined;
    return health?.status ? health : undefined;
  }

  async #miners(): Promise<[lately: MinerList | undefined, shown: MinerList | undefined]> {
    if (!this.api.token) return [undefined, undefined];
    const page = (before = "") => this.api.get<MinerList>(`/v1/miners?limit=${MINERS}${before}`);
    const { cursor } = this.minerPages;
    try {
      const lately = await page();
      this.tokenAccepted = true;
      return [lately, cursor === undefined ? lately : await page(`&before=${cursor}`)];
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      this.tokenAccepted = false;
      return [undefined, undefined];
    }
  }
}

import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { shared } from "adit-ui/styles.ts";
import type { JobView } from "adit-worker/wire.ts";

import type { Api } from "./api.ts";
import { download } from "./download.ts";
import { exact, facts } from "./facts.ts";
import "./panels.ts";
import { Part } from "./part.ts";
import { factStyle } from "./style.ts";
import { resultName } from "./submit/work.ts";

/** A job that advances is looked at this often. */
const LOOK_MS = 700;

/** One job from near: its panels, its result, its end. */
@customElement("adit-job")
export class Job extends Part {
  static override styles = [
    shared,
    factStyle,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.9rem;
        padding: 0.4rem 0 0.9rem;
      }
      .words {
        overflow-wrap: anywhere;
        max-width: 60ch;
      }
      .sending {
        flex: 1 1 8rem;
      }
      .facts {
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr));
        margin: 0;
      }
      .facts div {
        display: block;
      }
    `,
  ];

  @property({ attribute: false }) api!: Api;
  /** The job as a list shows it. */
  @property({ attribute: false }) job!: JobView;
  /** Whether the operator's token is known, without which it can only be watched. */
  @property({ type: Boolean }) mayAct = false;
  /** The job as it was seen last, which may be newer. */
  @state() private seen: JobView | undefined;
  @state() private asking = false;
  @state() private fetched: number | undefined;
  @state() private trouble: unknown;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setTimeout(this.#look, LOOK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  /** Of two views of a job the one that is further. */
  get #now(): JobView {
    const { job, seen } = this;
    const isOlder = seen?.job !== job.job || job.state !== "active" || job.panels_done > seen.panels_done;
    return seen && !isOlder ? seen : job;
  }

  #look = async (): Promise<void> => {
    if (this.#now.state === "active" && document.visibilityState === "visible") {
      try {
        this.seen = await this.api.get<JobView>(`/v1/jobs/${this.job.job}`);
      } catch {
        // The list says so if the coordinator is away.
      }
    }
    if (this.isConnected) this.#timer = setTimeout(this.#look, LOOK_MS);
  };

  protected override render() {
    const job = this.#now;
    return html`
      ${this.#purpose(job)}
      ${job.stuck ? html`<p class="small warn words" role="status">${job.stuck}</p>` : nothing}
      <adit-panels .job=${job}></adit-panels>
      ${this.#about(job)}
      <div class="row">${job.state === "done" ? this.#result(job) : nothing} ${job.state === "active" ? this.#end() : nothing}</div>
      <p class="small bad" role="alert" ?hidden=${this.trouble === undefined}>${this.trouble === undefined ? "" : this.failure(this.trouble)}</p>
    `;
  }

  /** What it is for and for whom, in its requester's words. They are shown as text, whatever they hold. */
  #purpose({ about }: JobView) {
    if (!about) return nothing;
    const { description, requester, link, open_source } = about;
    return html`
      ${description ? html`<p class="words">${description}</p>` : nothing}
      <p class="small muted words" ?hidden=${!requester && !link && !open_source}>
        ${requester ? this.t("job-for", { requester }) : nothing}
        ${link && /^https?:/.test(link) ? html`<a href=${link} target="_blank" rel="noopener noreferrer nofollow">${link}</a>` : nothing}
        ${open_source ? this.t("job-open-source") : nothing}
      </p>
    `;
  }

  #about({ work, kind, rows, sponsored, spent }: JobView) {
    const quantity = this.format.quantity(work);
    return facts([
      [this.t("job-kind"), kind],
      [this.t("job-work"), kind.startsWith("hash_tree") ? this.format.bytes(work) : this.t("board-operations", { quantity })],
      [this.t("job-rows"), this.format.count(rows)],
      [this.t("job-payer"), sponsored ? this.t("job-payer-operator") : this.t("job-payer-escrow")],
      [this.t("job-spent"), exact(this.format, spent)],
    ]);
  }

  #result(job: JobView) {
    if (!this.mayAct) return html`<p class="small muted">${this.t("job-result-needs-token")}</p>`;
    if (this.fetched !== undefined) {
      return html`
        <progress class="sending" max="1" .value=${this.fetched} aria-label=${this.t("job-result-progress")}></progress>
        <button @click=${() => this.#abort?.abort()}>${this.t("board-stop")}</button>
      `;
    }
    const size = job.result_bytes === null ? "" : this.format.bytes(job.result_bytes);
    return html`<button class="primary" @click=${() => void this.#download(job)}>${this.t("job-download", { size: size || "none" })}</button>`;
  }

  async #download(job: JobView): Promise<void> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.trouble = undefined;
    this.fetched = 0;
    try {
      const name = resultName(job.job, job.name, job.kind);
      await download(this.api, `/v1/jobs/${job.job}/result`, name, job.result_bytes, (part) => (this.fetched = part), signal);
    } catch (error) {
      if (!signal.aborted) this.trouble = error;
    } finally {
      this.fetched = undefined;
    }
  }

  #end() {
    if (!this.mayAct) return nothing;
    if (!this.asking) return html`<button @click=${() => (this.asking = true)}>${this.t("job-cancel")}</button>`;
    return html`
      <p class="small">${this.t("job-cancel-sure")}</p>
      <button class="danger" @click=${() => void this.#cancel()}>${this.t("job-cancel-yes")}</button>
      <button @click=${() => (this.asking = false)}>${this.t("job-cancel-no")}</button>
    `;
  }

  async #cancel(): Promise<void> {
    this.asking = false;
    this.trouble = undefined;
    try {
      this.seen = await this.api.call<JobView>("DELETE", `/v1/jobs/${this.job.job}`);
      this.dispatchEvent(new Event("adit-jobs-changed", { bubbles: true, composed: true }));
    } catch (error) {
      this.trouble = error;
    }
  }
}

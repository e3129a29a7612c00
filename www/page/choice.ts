import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { kindWords } from "adit-client/kinds.ts";
import { KINDS } from "adit-client/preferences.ts";
import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { JobList, JobView } from "adit-worker/wire.ts";

/** Jobs that are offered to choose from; the newest ones. */
const MOST = 50;

/** Which work to do: by kind, only what is open source, or one job. */
@customElement("adit-choice")
export class Choice extends AditElement {
  static override styles = [
    shared,
    css`
      label {
        display: flex;
        gap: 0.7rem;
        align-items: flex-start;
        padding: 0.45rem 0;
      }
      label.job {
        flex-wrap: wrap;
      }
      select {
        max-width: 100%;
        min-width: 0;
      }
      fieldset {
        border: 0;
        padding: 0;
        margin: 0;
        min-width: 0;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  /** Whether one job can be chosen. */
  @property({ type: Boolean }) jobs = false;
  @state() private active: JobView[] = [];

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { miner } = this;
    const { openSource } = miner.preferences;
    return html`
      <fieldset ?disabled=${miner.active}>
        <legend class="unseen">${this.t("set-kinds")}</legend>
        ${KINDS.map((kind) => this.#kind(kind))}
        <label>
          <input
            type="checkbox"
            name="openSource"
            .checked=${openSource}
            @change=${({ target }: Event) => miner.prefer({ openSource: (target as HTMLInputElement).checked })}
          />
          <span>${this.t("set-open")}<br /><span class="small muted">${this.t("set-open-note")}</span></span>
        </label>
        ${this.jobs ? this.#job() : nothing}
      </fieldset>
      ${miner.active ? html`<p class="small muted">${this.t("after-stop")}</p>` : nothing}
    `;
  }

  #job() {
    return html`
      <label class="job">
        <span>${this.t("set-job")}</span>
        <select @focus=${() => void this.#read()} @change=${({ target }: Event) => this.#choose(target as HTMLSelectElement)}>
          <option value="">${this.t("any-job")}</option>
          ${this.active.map((job) => html`<option value=${job.job} ?selected=${job.job === this.miner.job}>${this.#named(job)}</option>`)}
        </select>
      </label>
    `;
  }

  #kind(kind: string) {
    const { miner } = this;
    const { unwanted } = miner.preferences;
    const change = ({ target }: Event) =>
      miner.prefer({ unwanted: (target as HTMLInputElement).checked ? unwanted.filter((other) => other !== kind) : [...unwanted, kind] });
    const isLast = !unwanted.includes(kind) && unwanted.length === KINDS.length - 1;
    return html`
      <label>
        <input type="checkbox" .checked=${!unwanted.includes(kind)} ?disabled=${isLast} @change=${change} />
        <span>${this.say(kindWords(kind))} <span class="mono small muted">${kind}</span></span>
      </label>
    `;
  }

  #named({ job, name, kind, about }: JobView): string {
    const of = name ?? this.say(kindWords(kind)) ?? kind;
    return about?.requester ? `${of} – ${about.requester} (${job})` : `${of} (${job})`;
  }

  #choose(select: HTMLSelectElement): void {
    this.miner.job = select.value === "" ? undefined : Number(select.value);
  }

  /** Asks for the jobs that are active when a person looks at the list. */
  async #read(): Promise<void> {
    try {
      const response = await fetch(`${this.miner.server}/v1/jobs?ended=false&limit=${MOST}`);
      if (!response.ok) return;
      const { jobs } = (await response.json()) as JobList;
      this.active = jobs.slice(0, MOST);
    } catch {
      // Any job is still on offer.
    }
  }
}

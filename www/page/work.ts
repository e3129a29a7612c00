import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { kindWords } from "adit-client/kinds.ts";
import type { Miner, Task } from "adit-client/miner.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

/** The most characters of a requester's text that are shown. */
const MAX_NAME = 80;
const MAX_DESCRIPTION = 240;

/** What runs and for whom: before Start what this is, then the job under way. */
@customElement("adit-work")
export class Work extends AditElement {
  static override styles = [
    shared,
    css`
      /* Both lie in one cell, so that what is below does not move when one gives way to the other. */
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      section > div {
        grid-area: 1 / 1;
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        align-content: center;
        padding: 1.2rem 0 1.3rem;
      }
      .away {
        visibility: hidden;
      }
      h1 {
        font-size: clamp(1.5rem, 5.2vw, 2.6rem);
        line-height: 1.12;
        letter-spacing: -0.02em;
        text-wrap: balance;
      }
      .now h1 {
        font-size: clamp(1.4rem, 4vw, 2rem);
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow: hidden;
      }
      .lead {
        font-size: 1.1rem;
        max-width: 38rem;
        margin-top: 0.8rem;
        text-wrap: pretty;
      }
      .for {
        margin-top: 0.5rem;
      }
      .text {
        max-width: 42rem;
        margin-top: 0.35rem;
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, auto) minmax(2rem, 1fr) minmax(3.2rem, auto);
        gap: 0.3rem 0.8rem;
        align-items: center;
        margin-top: 0.8rem;
        max-width: 42rem;
      }
      dl > div {
        display: contents;
      }
      .value {
        text-align: end;
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;
  /** The units last seen, because there is none between two of them. */
  #last: Task[] = [];

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { shown, tasks } = this.miner;
    const works = shown.lamp === "on";
    if (tasks.size > 0) this.#last = [...tasks.values()].sort((a, b) => a.lane - b.lane);
    else if (!works) this.#last = [];
    const [first] = this.#last;
    const now = works && first !== undefined;
    return html`
      <section aria-label=${this.t("work")}>
        <div class=${now ? "away" : ""} ?inert=${now}>
          <h1>${this.t("headline")}</h1>
          <p class="lead">${this.t("lead")} <strong>${this.t("lead-consent")}</strong></p>
        </div>
        ${now ? this.#now(first) : nothing}
      </section>
    `;
  }

  #now(task: Task) {
    const { about, job } = task;
    const kind = this.say(kindWords(task.type));
    const name = cut(about?.name, MAX_NAME) ?? this.t("work-unnamed", { kind, job: String(job) });
    const requester = cut(about?.job.requester, MAX_NAME);
    return html`
      <div class="now">
        <h1 data-testid="work">${this.#title(task, name)}</h1>
        <p class="for muted" data-testid="for">
          ${requester ? this.t("work-for", { kind, requester }) : about ? this.t("work-kind", { kind }) : this.t("work-unknown")}
          ${about?.job.open_source ? html` · ${this.t("work-open")}` : nothing} ${this.#link(about?.job.link)}
        </p>
        ${about?.job.description ? html`<p class="text small" dir="auto">${cut(about.job.description, MAX_DESCRIPTION)}</p>` : nothing}
        ${this.#bars(task)}
      </div>
    `;
  }

  #title({ about, job }: Task, name: string): string {
    if (!about || about.parts < 2) return name;
    const same = this.#last.filter((task) => task.job === job).map(({ about }) => about?.part ?? 0);
    const parts = about.parts;
    if (same.length > 2) return this.t("work-parts", { name, count: same.length, parts });
    return this.t("work-part", { name, part: this.format.list(same.map((part) => this.format.count(part))), parts });
  }

  /** Links are the requester's: nothing but https, and they learn nothing of this page. */
  #link(link: string | null | undefined) {
    if (!link || !URL.canParse(link) || new URL(link).protocol !== "https:") return nothing;
    return html` · <a href=${link} target="_blank" rel="noopener noreferrer nofollow ugc">${new URL(link).host}</a>`;
  }

  #bars({ job, about }: Task) {
    const lanes = new Set(this.#last.filter((task) => task.job === job).map(({ lane }) => lane));
    const own = this.miner.lanes.filter(({ lane }) => lanes.has(lane)).map(({ progress }) => progress);
    const yours = own.length > 0 ? own.reduce((sum, part) => sum + part, 0) / own.length : 0;
    const all = about && about.parts > 0 ? Math.min(1, about.parts_done / about.parts) : undefined;
    return html`
      <dl class="small">
        ${this.#bar(this.t("work-yours"), yours)} ${all === undefined ? nothing : this.#bar(this.t("work-all"), all)}
      </dl>
    `;
  }

  #bar(name: string, part: number) {
    return html`
      <div>
        <dt class="muted">${name}</dt>
        <dd><progress max="1" .value=${part} aria-label=${name}></progress></dd>
        <dd class="number value">${this.format.percent(part)}</dd>
      </div>
    `;
  }
}

/** A requester's words, cut to so many characters. */
function cut(text: string | null | undefined, most: number): string | undefined {
  const letters = [...(text ?? "").trim()];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("") || undefined;
}

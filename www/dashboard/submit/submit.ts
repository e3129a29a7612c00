import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import type { Estimate, JobView, Priority } from "adit-worker/wire.ts";

import { Part } from "../part.ts";
import type { Details, Draft } from "./draft.ts";
import "./slot.ts";
import { WORK, WORKS, type WorkName, holdsFloats } from "./work.ts";

const PRIORITIES: readonly Priority[] = ["low", "normal", "high"];

/** Says that a job was taken. */
export class Submitted extends Event {
  static readonly type = "adit-submitted";
  readonly job: JobView;

  constructor(job: JobView) {
    super(Submitted.type, { bubbles: true, composed: true });
    this.job = job;
  }
}

/** Where a requester puts a job together: files, kind of work, price, and off it goes. */
@customElement("adit-submit")
export class Submit extends Part {
  static override styles = [
    shared,
    css`
      form,
      .drop {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.9rem;
      }
      select,
      input {
        width: 100%;
        min-width: 0;
      }
      input[type="checkbox"] {
        width: 1.15rem;
      }
      .drop {
        position: relative;
        gap: 0.1rem;
        justify-items: center;
        text-align: center;
        padding: min(1.6rem, 6vw) min(1rem, 3vw);
        hyphens: auto;
        border: 2px dashed var(--muted);
        border-radius: var(--radius);
        background: var(--sunken);
      }
      .drop.over {
        border-color: var(--accent);
        border-style: solid;
      }
      .drop:focus-within {
        outline: 3px solid var(--accent);
        outline-offset: 2px;
      }
      .drop input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        opacity: 0;
        cursor: pointer;
      }
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
        gap: 0.8rem 1rem;
        align-items: end;
      }
      label.field {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
      }
      .whole {
        grid-column: 1 / -1;
      }
      .check {
        display: flex;
        gap: 0.6rem;
        align-items: start;
        font-size: 0.9rem;
      }
      .bill {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 8.5rem), 1fr));
        gap: 0.4rem 1rem;
        min-height: 3.4rem;
        padding: 0.8rem 0 0;
        border-top: 1px solid var(--line);
      }
      .bill dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      .bill dd {
        font-size: 1.2rem;
        font-weight: 650;
      }
      /* Room for how a table was read. */
      adit-slot.table {
        min-height: 9.6rem;
      }
      .name {
        overflow-wrap: anywhere;
      }
      fieldset {
        display: contents;
      }
    `,
  ];

  @property({ attribute: false }) draft!: Draft;
  @state() private over = false;
  /** Whether all fields show. They do, too, once there is a file. */
  @state() private open = false;

  constructor() {
    super();
    new Watch(this, () => this.draft);
  }

  protected override render() {
    const { draft } = this;
    return html`
      <form @submit=${this.#submit} @dragover=${this.#dragOver} @dragleave=${() => (this.over = false)} @drop=${this.#drop}>
        <label class="drop ${this.over ? "over" : ""}">
          <strong>${this.t("submit-drop")}</strong>
          <span class="small muted">${this.t("submit-drop-note")}</span>
          <input type="file" multiple aria-label=${this.t("submit-drop")} @change=${this.#chosen} />
        </label>
        ${this.open || draft.begun ? this.#form() : html`<div><button type="button" @click=${this.#unfold}>${this.t("submit-unfold")}</button></div>`}
      </form>
    `;
  }

  #unfold = async (): Promise<void> => {
    this.open = true;
    await this.updateComplete;
    this.renderRoot.querySelector("select")?.focus();
  };

  #form() {
    const { draft } = this;
    return html`
        <p class="small warn name" role="status" ?hidden=${draft.unused.length === 0}>
          ${this.t("submit-unused", { files: this.format.list(draft.unused), count: draft.unused.length })}
        </p>
        <label class="field">
          ${this.t("submit-kind")}
          <select name="work" @change=${({ target }: Event) => draft.choose((target as HTMLSelectElement).value as WorkName)}>
            ${WORKS.map((work) => html`<option value=${work} ?selected=${work === draft.work}>${this.t("submit-work", { work })}</option>`)}
          </select>
          <span class="small muted">${this.t("submit-work-note", { work: draft.work })}</span>
        </label>
        <div>
          ${WORK[draft.work].roles.map(
            (role, place) => html`<adit-slot class=${role.endings.length === 1 && role.endings[0] !== ".csv" ? "" : "table"} .draft=${draft} .wanted=${role} .place=${place} .given=${draft.slots[place]}></adit-slot>`,
          )}
        </div>
        ${this.#extra()} ${this.#details()} ${this.#bill()}
        <div class="row">
          <button class="main" aria-disabled=${String(!draft.complete || draft.submitting)}>${this.t("submit-go")}</button>
          <span class="small muted">${draft.complete ? "" : this.t("submit-incomplete")}</span>
        </div>
        <p class="bad small name" role="alert" ?hidden=${draft.error === undefined}>${draft.error === undefined ? "" : this.failure(draft.error)}</p>
    `;
  }

  /** What some kinds need beside files. */
  #extra() {
    const { draft } = this;
    const number = ({ target }: Event) => Math.max(0, Math.floor(Number((target as HTMLInputElement).value)) || 0);
    if (draft.work === "audit") {
      return html`
        <label class="field">
          ${this.t("submit-source")}
          <input type="url" required .value=${draft.extra.source} @change=${({ target }: Event) => draft.need({ source: (target as HTMLInputElement).value })} />
        </label>
      `;
    }
    if (draft.work !== "protect") return nothing;
    return html`
      <div class="fields">
        <label class="field">
          ${this.t("submit-first")}
          <input type="number" min="0" .value=${String(draft.extra.first)} @change=${(event: Event) => draft.need({ first: number(event) })} />
        </label>
        <label class="field">
          ${this.t("submit-count")}
          <input type="number" min="1" max="65536" .value=${String(draft.extra.count)} @change=${(event: Event) => draft.need({ count: number(event) })} />
        </label>
      </div>
    `;
  }

  #details() {
    const { details } = this.draft;
    const text = (field: keyof Details) => (event: Event) => this.draft.tell({ [field]: (event.target as HTMLInputElement).value });
    return html`
      <div class="fields">
        <label class="field">
          ${this.t("submit-name")}
          <input maxlength="100" autocomplete="off" .value=${details.name} @input=${text("name")} />
        </label>
        <label class="field">
          ${this.t("submit-requester")}
          <input maxlength="100" autocomplete="organization" .value=${details.requester} @input=${text("requester")} />
        </label>
        <label class="field whole">
          ${this.t("submit-description")}
          <input maxlength="1000" autocomplete="off" .value=${details.description} @input=${text("description")} />
        </label>
        <label class="field">
          ${this.t("submit-link")}
          <input type="url" maxlength="500" autocomplete="off" placeholder="https://" .value=${details.link} @input=${text("link")} />
        </label>
        <label class="field">
          ${this.t("submit-budget")}
          <input inputmode="decimal" autocomplete="off" pattern="[0-9]+([.][0-9]{1,9})?" placeholder=${this.t("submit-budget-none")} .value=${details.budget} @input=${text("budget")} />
        </label>
        <label class="field">
          ${this.t("submit-priority")}
          <select @change=${({ target }: Event) => this.draft.tell({ priority: (target as HTMLSelectElement).value as Priority })}>
            ${PRIORITIES.map((priority) => html`<option value=${priority} ?selected=${priority === details.priority}>${this.t("submit-priority-name", { priority })}</option>`)}
          </select>
        </label>
        <label class="check whole">
          <input type="checkbox" .checked=${details.openSource} @change=${({ target }: Event) => this.draft.tell({ openSource: (target as HTMLInputElement).checked })} />
          <span>${this.t("submit-open-source")}</span>
        </label>
        <label class="check whole">
          <input type="checkbox" .checked=${details.demo} @change=${({ target }: Event) => this.draft.tell({ demo: (target as HTMLInputElement).checked })} />
          <span>${this.t("submit-demo")}</span>
        </label>
      </div>
    `;
  }

  #bill() {
    const { price } = this.draft;
    if (price.state === "refused") return html`<p class="bill bad name" role="alert" data-testid="price-refused">${this.failure(price.error)}</p>`;
    const known = price.state === "known" ? price.estimate : undefined;
    const rows: [string, string, string][] = known ? this.#priced(known) : [];
    return html`
      <dl class="bill" aria-live="polite" aria-busy=${String(price.state === "asking")} data-testid="price">
        ${rows.map(([name, value, title]) => html`<div><dt>${name}</dt><dd class="number" title=${title}>${value}</dd></div>`)}
        ${known ? nothing : html`<div class="muted small">${price.state === "asking" ? this.t("submit-asking") : this.t("submit-price-later")}</div>`}
      </dl>
    `;
  }

  #priced(estimate: Estimate): [name: string, value: string, title: string][] {
    const { format } = this;
    const { price, panels, output_bytes, work, kind, expected_ms: lasts } = estimate;
    const size = kind.startsWith("hash_tree") ? format.bytes(work) : this.t("board-operations", { quantity: format.quantity(work) });
    return [
      [this.t("submit-price"), this.t("board-nnet", { amount: format.amount(price) }), `${price} NNET`],
      [this.t("submit-time"), typeof lasts !== "number" ? this.t("submit-time-unknown") : format.duration(Math.max(1000, lasts)), ""],
      [this.t("submit-size"), size, ""],
      [this.t("submit-panels"), format.count(panels), ""],
      [this.t("submit-output"), format.bytes(output_bytes), ""],
    ];
  }

  #dragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.over = true;
  };

  #drop = (event: DragEvent): void => {
    this.over = false;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void this.#take([...event.dataTransfer.files]);
  };

  #chosen = ({ target }: Event): void => {
    const input = target as HTMLInputElement;
    void this.#take([...(input.files ?? [])]);
    input.value = "";
  };

  /** Files arrive in no order that means anything, so names decide. */
  async #take(files: File[]): Promise<void> {
    const sorted = files.sort((a, b) => (a.name < b.name ? -1 : 1));
    const glimpse = async (file: File) => {
      const first = new Uint8Array(await file.slice(0, 200).arrayBuffer());
      return { name: file.name, floats: holdsFloats(first) };
    };
    try {
      this.draft.add(sorted, await Promise.all(sorted.map(glimpse)));
    } catch {
      // A folder cannot be read as a file; the upload says so of a file that is gone.
      this.draft.add(sorted, []);
    }
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const job = await this.draft.submit();
    if (!job) return;
    this.open = false;
    this.dispatchEvent(new Submitted(job));
  };
}

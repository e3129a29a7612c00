import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { shared } from "adit-ui/styles.ts";
import type { FileContent } from "adit-worker/wire.ts";

import { Part } from "../part.ts";
import type { Draft, Slot, TableOptions } from "./draft.ts";
import { type Role, isTable } from "./work.ts";

/** One file of a job: which is wanted, which was given, and what was read of it. */
@customElement("adit-slot")
export class SlotElement extends Part {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.45rem;
        padding: 0.8rem 0;
        border-top: 1px solid var(--line);
        min-height: 7.4rem;
        align-content: start;
      }
      .name {
        overflow-wrap: anywhere;
      }
      .choose {
        position: relative;
        display: inline-flex;
        align-items: center;
        min-height: 2.5rem;
        padding: 0.4rem 0.85rem;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--sunken);
        font-weight: 600;
        overflow: hidden;
      }
      .choose:hover {
        border-color: var(--muted);
      }
      .choose input {
        position: absolute;
        inset: 0;
        opacity: 0;
        cursor: pointer;
      }
      .choose:focus-within {
        outline: 3px solid var(--accent);
        outline-offset: 2px;
      }
      .sending {
        flex: 1 1 8rem;
      }
      .options {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 11rem), 1fr));
        gap: 0.6rem;
        align-items: end;
        padding-top: 0.4rem;
      }
      .options label {
        display: grid;
        gap: 0.2rem;
      }
    `,
  ];

  @property({ attribute: false }) draft!: Draft;
  @property({ attribute: false }) wanted!: Role;
  @property({ attribute: false }) given: Slot | undefined;
  @property({ type: Number }) place = 0;

  protected override render() {
    const { wanted: role, given: slot } = this;
    return html`
      <div class="row spread">
        <div>
          <strong>${this.t("submit-role", { role: role.name })}</strong>
          <span class="small muted">${this.t("submit-wanted", { role: role.name, floats: role.format?.("") === "npy_f32" ? "yes" : "no" })}</span>
        </div>
        <span class="row">
          <label class="choose">
            ${slot ? this.t("submit-choose-another") : this.t("submit-choose")}
            <input
              type="file"
              accept=${role.endings.join()}
              aria-label=${this.t("submit-choose-for", { role: role.name })}
              @change=${this.#choose}
            />
          </label>
          ${slot ? html`<button @click=${() => this.draft.remove(this.place)}>${this.t("submit-remove")}</button>` : nothing}
        </span>
      </div>
      ${slot ? this.#file(slot) : nothing}
    `;
  }

  #choose = ({ target }: Event): void => {
    const input = target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.draft.put(this.place, file);
    // The same file may be chosen again, after it was mended.
    input.value = "";
  };

  #file(slot: Slot) {
    const { file } = slot;
    return html`
      <p class="small name" data-testid="file" data-state=${slot.state}>
        <span class="mono">${file.name}</span> <span class="muted number">${this.format.bytes(file.size)}</span>
      </p>
      <div class="small" aria-live="polite">${this.#state(slot)}</div>
      ${isTable(file.name) && slot.state !== "sending" ? this.#options(slot) : nothing}
    `;
  }

  #state(slot: Slot) {
    switch (slot.state) {
      case "sending":
        return html`
          <div class="row">
            <progress class="sending" max="1" .value=${slot.part} aria-label=${this.t("submit-sending", { name: slot.file.name })}></progress>
            <span class="number">${slot.part < 1 ? this.format.percent(slot.part) : this.t("submit-reading")}</span>
            <button @click=${() => this.draft.cancel(this.place)}>${this.t("board-stop")}</button>
          </div>
        `;
      case "read":
        return html`
          <p class="good" data-testid="read">✓ ${slot.info ? this.#content(slot.info.content) : nothing}</p>
          ${slot.info?.reading ? html`<p class="muted name">${this.t("submit-read-as", { reading: slot.info.reading })}</p>` : nothing}
        `;
      case "refused":
        return html`
          <p class="bad name" role="alert" data-testid="refused">${this.failure(slot.error)}</p>
          <button @click=${() => this.draft.again(this.place)}>${this.t("submit-again")}</button>
        `;
      case "cancelled":
        return html`
          <p class="muted">${this.t("submit-stopped")}</p>
          <button @click=${() => this.draft.again(this.place)}>${this.t("submit-again")}</button>
        `;
    }
  }

  #content(content: FileContent): string {
    const { format } = this;
    switch (content.type) {
      case "matrix":
        return this.t("submit-matrix", { rows: content.rows, columns: content.cols });
      case "floats":
        return this.t("submit-floats", { rows: content.rows, columns: content.cols });
      case "samples":
        return this.t("submit-samples", { rows: content.rows, columns: content.cols });
      case "model":
        return this.t("submit-model", { layers: content.dims.length - 1, dims: content.dims.map((size) => format.count(size)).join(" → ") });
      case "data":
        return content.columns === null
          ? this.t("submit-data", { size: format.bytes(content.bytes) })
          : this.t("submit-table", { size: format.bytes(content.bytes), columns: content.columns });
      case "blocks":
        return this.t("submit-blocks", { blocks: content.blocks, size: format.bytes(content.bytes) });
    }
  }

  #options(slot: Slot) {
    const { options } = slot;
    const again = (change: Partial<TableOptions>) => this.draft.again(this.place, { ...slot.options, ...change });
    const choice = (title: string, option: keyof TableOptions, choices: [value: string, name: string][]) => html`
      <label>
        ${title}
        <select @change=${({ target }: Event) => again({ [option]: (target as HTMLSelectElement).value })}>
          ${[["", this.t("submit-decide")] as const, ...choices].map(
            ([value, name]) => html`<option value=${value} ?selected=${options[option] === value}>${name}</option>`,
          )}
        </select>
      </label>
    `;
    return html`
      <details class="small" ?open=${slot.state === "refused"}>
        <summary>${this.t("submit-read-differently")}</summary>
        <div class="options">
          ${choice(this.t("submit-header"), "header", [
            ["yes", this.t("submit-header-yes")],
            ["no", this.t("submit-header-no")],
          ])}
          ${choice(this.t("submit-delimiter"), "delimiter", [
            ["comma", this.t("submit-delimiter-comma")],
            ["semicolon", this.t("submit-delimiter-semicolon")],
            ["tab", this.t("submit-delimiter-tab")],
            ["pipe", this.t("submit-delimiter-pipe")],
          ])}
          ${choice(this.t("submit-encoding"), "encoding", ["utf-8", "latin1", "utf-16le", "utf-16be"].map((name) => [name, name]))}
          ${choice(this.t("submit-decimal"), "decimal", [
            ["point", this.t("submit-decimal-point")],
            ["comma", this.t("submit-decimal-comma")],
          ])}
        </div>
      </details>
    `;
  }
}

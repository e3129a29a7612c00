import { html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { messageOf } from "adit-worker/error.ts";

import { content } from "./content.style.ts";
import { type Chosen, TooMuch, fromDrop, fromField } from "./gather.ts";
import { type Item, PROFILES, type Profile, Queue } from "./naming.ts";

/** How long a button says that it has copied. */
const COPIED_MS = 3000;

/** Files and folders get their CIDs here. Nothing of them is sent. */
@customElement("adit-content")
export class ContentView extends AditElement {
  static override styles = [shared, content];

  @state() private over = false;
  @state() private walking = false;
  @state() private trouble = "";
  @state() private copied: Item | undefined;
  @state() private profile: Profile = PROFILES[0];
  readonly #queue = new Queue(() => this.requestUpdate());

  override connectedCallback(): void {
    super.connectedCallback();
    for (const type of ["dragover", "drop"]) window.addEventListener(type, missed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const type of ["dragover", "drop"]) window.removeEventListener(type, missed);
  }

  protected override render() {
    return html`
      <p class="small muted">${this.t("cid-intro")}</p>
      <div class="zone ${this.over ? "over" : ""}" data-testid="zone"
        @dragover=${this.#dragged} @dragleave=${() => (this.over = false)} @drop=${this.#dropped}>
        <p>${this.t("cid-drop")}</p>
        <div class="row">
          <button @click=${() => this.#browse("files")}>${this.t("cid-files")}</button>
          <button @click=${() => this.#browse("folder")}>${this.t("cid-folder")}</button>
        </div>
        <input type="file" name="files" multiple hidden @change=${this.#picked} />
        <input type="file" name="folder" webkitdirectory hidden @change=${this.#picked} />
        <label>
          ${this.t("cid-profile")}
          <select @change=${this.#profileChosen}>
            ${PROFILES.map((profile) => html`<option value=${profile} ?selected=${profile === this.profile}>${profile}</option>`)}
          </select>
        </label>
      </div>
      <p class="small muted">${this.#profileNote()}</p>
      <p class="small muted" role="status">${this.walking ? this.t("cid-walking") : nothing}</p>
      <p class="small bad" role="alert">${this.trouble}</p>
      <ul aria-label=${this.t("cid-list")} ?hidden=${this.#queue.items.length === 0}>
        ${repeat(this.#queue.items, (item) => item, (item) => this.#item(item))}
      </ul>
    `;
  }

  #profileNote(): string {
    switch (this.profile) {
      case "unixfs-v1-2025":
        return this.t("cid-profile-2025");
      case "kubo-v1":
        return this.t("cid-profile-kubo");
      case "unixfs-v0-2015":
        return this.t("cid-profile-2015");
    }
  }

  #item(item: Item) {
    const { chosen, profile } = item;
    const size = this.format.bytes(chosen.bytes);
    return html`
      <li data-testid="named" data-state=${item.state}>
        <span class="name">${chosen.name}</span>
        <span class="small muted">
          ${chosen.what instanceof File ? size : this.t("cid-in-folder", { files: chosen.files, size })} · ${profile}
        </span>
        <div role="status">${this.#outcome(item)}</div>
        <div class="row">${this.#buttons(item)}</div>
      </li>
    `;
  }

  #outcome({ state, chosen, cid, trouble }: Item) {
    switch (state) {
      case "waiting":
        return html`<span class="small muted">${this.t("cid-waiting")}</span>`;
      case "running":
        return html`<span class="small muted">${this.t("cid-running")}</span>`;
      case "cancelled":
        return html`<span class="small muted">${this.t("cid-cancelled")}</span>`;
      case "named":
        return html`<span class="cid mono" data-testid="cid">${cid}</span>`;
      case "failed": {
        const { path = chosen.name, reason } = trouble ?? {};
        const why = reason === undefined ? this.t("cid-unreadable", { path }) : this.t("cid-failed", { path, why: reason });
        return html`<span class="small bad">${why}</span>`;
      }
    }
  }

  #buttons(item: Item) {
    const { state, chosen, done } = item;
    const { name } = chosen;
    if (state === "waiting" || state === "running") {
      const part = chosen.bytes > 0 ? done / chosen.bytes : 0;
      return html`
        <progress max="1" value=${part} aria-label=${this.t("cid-progress", { name })}></progress>
        <span class="number small">${this.format.percent(part)}</span>
        <button class="small" aria-label=${this.t("cid-cancel-name", { name })} @click=${() => this.#queue.cancel(item)}>${this.t("cid-cancel")}</button>
      `;
    }
    return html`
      ${state === "named" && "clipboard" in navigator
        ? html`<button class="small" aria-label=${this.t("cid-copy-name", { name })} @click=${() => this.#copy(item)}>
            ${this.copied === item ? this.t("cid-copied") : this.t("cid-copy")}
          </button>`
        : nothing}
      <button class="small" aria-label=${this.t("cid-remove-name", { name })} @click=${() => this.#queue.remove(item)}>${this.t("cid-remove")}</button>
    `;
  }

  #browse(name: "files" | "folder"): void {
    this.renderRoot.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.click();
  }

  #picked = ({ target }: Event): void => {
    const field = target as HTMLInputElement;
    void this.#take(() => fromField(field.files ?? []));
    // The same choice again is to be an event again.
    field.value = "";
  };

  #dragged = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.over = true;
  };

  #dropped = (event: DragEvent): void => {
    event.preventDefault();
    this.over = false;
    const { dataTransfer } = event;
    if (dataTransfer) void this.#take(() => fromDrop(dataTransfer.items));
  };

  async #take(gather: () => Chosen[] | Promise<Chosen[]>): Promise<void> {
    this.trouble = "";
    this.walking = true;
    try {
      this.#queue.add(await gather(), this.profile);
    } catch (error) {
      this.trouble = error instanceof TooMuch ? this.t("cid-too-much") : this.t("cid-not-listed", { why: messageOf(error) });
    }
    this.walking = false;
  }

  #profileChosen = ({ target }: Event): void => {
    this.profile = (target as HTMLSelectElement).value as Profile;
    this.#queue.again(this.profile);
  };

  async #copy(item: Item): Promise<void> {
    try {
      await navigator.clipboard.writeText(item.cid ?? "");
      this.copied = item;
      setTimeout(() => (this.copied = undefined), COPIED_MS);
    } catch {
      this.trouble = this.t("cid-not-copied");
    }
  }
}

/** A file that is dropped beside the place for it must not take the page's place in the tab. */
function missed(event: Event): void {
  if (event instanceof DragEvent && event.dataTransfer?.types.includes("Files")) event.preventDefault();
}

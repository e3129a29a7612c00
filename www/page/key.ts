import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import { messageOf } from "adit-worker/error.ts";

const MIN_PASSPHRASE = 8;

/** The key that owns the earnings, with its export and import. */
@customElement("adit-key")
export class Key extends AditElement {
  static override styles = [
    shared,
    css`
      section,
      form,
      label {
        grid-template-columns: minmax(0, 1fr);
      }
      section {
        display: grid;
        gap: 0.6rem;
      }
      input {
        width: 100%;
        max-width: 24rem;
      }
      form {
        display: grid;
        gap: 0.5rem;
        padding: 0.4rem 0 0.6rem;
      }
      form button {
        justify-self: start;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  /** Where the key lies and what deletes it, if it is not a page that made it. */
  @property() kept = "";
  @state() private message = "";
  @state() private failed = false;
  @state() private busy = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  /** Opens the form that saves a copy, and puts the person there. */
  async showSaving(): Promise<void> {
    await this.updateComplete;
    const fold = this.renderRoot.querySelector("details");
    if (!fold) return;
    fold.open = true;
    fold.querySelector("input")?.focus();
  }

  protected override render() {
    const { publicKey, active } = this.miner;
    return html`
      <section class="card" aria-label=${this.t("key")}>
        <h2>${this.t("key")}</h2>
        <p class="small muted">
          ${this.miner.storageLost ? this.t("key-lost-text") : this.kept || this.t("key-text")}
        </p>
        ${publicKey ? html`<p class="mono" data-testid="key" title=${publicKey}>${short(publicKey)}</p>` : nothing}
        <details>
          <summary>${this.t("key-save")}</summary>
          <form @submit=${this.#export}>
            <label>${this.t("key-passphrase-new")} ${this.#passphrase("new-password")}</label>
            <button ?disabled=${this.busy}>${this.t("key-save-file")}</button>
          </form>
        </details>
        <details>
          <summary>${this.t("key-use")}</summary>
          <form @submit=${this.#import}>
            <label>${this.t("key-file")} <input type="file" name="file" accept=".json,application/json" required /></label>
            <label>${this.t("key-passphrase")} ${this.#passphrase("current-password")}</label>
            <button ?disabled=${this.busy || active}>${this.t("key-use-file")}</button>
            <p class="small muted">${active ? this.t("key-stop-first") : nothing} ${this.t("key-replaces")}</p>
          </form>
        </details>
        <p class="small ${this.failed ? "bad" : "good"}" role="status" ?hidden=${!this.message}>${this.message}</p>
      </section>
    `;
  }

  #passphrase(autocomplete: "new-password" | "current-password") {
    return html`<input type="password" name="passphrase" autocomplete=${autocomplete} minlength=${MIN_PASSPHRASE} required />`;
  }

  #export = (event: SubmitEvent): Promise<void> =>
    this.#do(event, async (form) => {
      const passphrase = String(form.get("passphrase"));
      const { file } = await this.miner.ask({ about: "export-key", passphrase });
      save(file);
      return this.t("key-saved");
    });

  #import = (event: SubmitEvent): Promise<void> =>
    this.#do(event, async (form) => {
      const file = await (form.get("file") as File).text();
      const { publicKey } = await this.miner.ask({ about: "import-key", file, passphrase: String(form.get("passphrase")) });
      return this.t("key-used", { key: short(publicKey) });
    });

  async #do(event: SubmitEvent, action: (form: FormData) => Promise<string>): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    this.busy = true;
    this.message = "";
    try {
      this.message = await action(new FormData(form));
      this.failed = false;
      form.reset();
    } catch (error) {
      this.message = messageOf(error);
      this.failed = true;
    }
    this.busy = false;
  }
}

function save(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "adit-key.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

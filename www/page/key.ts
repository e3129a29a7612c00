import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Miner } from "adit-client/miner.ts";
import { short } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";
import { messageOf } from "adit-worker/error.ts";

const MIN_PASSPHRASE = 8;

/** The key that owns the earnings, with its export and import. */
@customElement("adit-key")
export class Key extends LitElement {
  static override styles = [
    shared,
    css`
      section {
        display: grid;
        gap: 0.6rem;
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

  @property({ attribute: false }) miner!: Miner;
  @state() private message = "";
  @state() private failed = false;
  @state() private busy = false;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { publicKey, active } = this.miner;
    return html`
      <section class="card" aria-label="Your key">
        <h2>Your key</h2>
        <p class="small muted">
          Earnings belong to a key that this browser makes at the first Start and keeps sealed. Clearing the browser's data
          deletes it, so keep a copy.
        </p>
        ${publicKey ? html`<p class="mono" data-testid="key" title=${publicKey}>${short(publicKey)}</p>` : nothing}
        <details>
          <summary>Save a copy</summary>
          <form @submit=${this.#export}>
            <label>Passphrase for the file ${this.#passphrase("new-password")}</label>
            <button ?disabled=${this.busy}>Save the key file</button>
          </form>
        </details>
        <details>
          <summary>Use a saved key</summary>
          <form @submit=${this.#import}>
            <label>Key file <input type="file" name="file" accept=".json,application/json" required /></label>
            <label>Its passphrase ${this.#passphrase("current-password")}</label>
            <button ?disabled=${this.busy || active}>Use this key</button>
            <p class="small muted">${active ? "Stop mining first. " : ""}It takes the place of the key that is here now.</p>
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
      return "Saved. The file is worthless without its passphrase: keep both.";
    });

  #import = (event: SubmitEvent): Promise<void> =>
    this.#do(event, async (form) => {
      const file = await (form.get("file") as File).text();
      const { publicKey } = await this.miner.ask({ about: "import-key", file, passphrase: String(form.get("passphrase")) });
      return `From now on you mine with the key ${short(publicKey)}.`;
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

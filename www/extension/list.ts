import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { coordinatorAt } from "./coordinators.ts";
import type { Remote } from "./remote.ts";
import { MAX_COORDINATORS } from "./wish.ts";

/** The coordinators, in the order in which they are asked. */
@customElement("adit-coordinators")
export class Coordinators extends AditElement {
  static override styles = [
    shared,
    css`
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.7rem;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 0.4rem;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem;
        border-top: 1px solid var(--line);
        padding-top: 0.4rem;
      }
      li .mono {
        flex: 1 1 12rem;
        min-width: 0;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        align-items: end;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
        flex: 1 1 14rem;
      }
      input {
        width: 100%;
      }
    `,
  ];

  @property({ attribute: false }) remote!: Remote;
  @state() private wrong = false;

  constructor() {
    super();
    new Watch(this, () => this.remote);
  }

  protected override render() {
    const { wish } = this.remote;
    const all = wish?.coordinators ?? [];
    return html`
      <section class="card" aria-labelledby="title">
        <h2 id="title">${this.t("coordinators")}</h2>
        <p class="small muted">${this.t("coordinators-text")}</p>
        <ol>${all.map((server, index) => this.#row(server, index, all))}</ol>
        <form @submit=${this.#add} novalidate>
          <label>
            ${this.t("coordinator-address")}
            <input name="coordinator" type="url" inputmode="url" spellcheck="false" placeholder="https://" aria-describedby="wrong" />
          </label>
          <button ?disabled=${all.length >= MAX_COORDINATORS}>${this.t("coordinator-add")}</button>
        </form>
        <p id="wrong" class="small bad" role="alert" ?hidden=${!this.wrong}>${this.wrong ? this.t("coordinator-wrong") : nothing}</p>
        <p class="small muted">${this.t("admit-text")} <code class="mono">--origin ${location.origin}</code></p>
      </section>
    `;
  }

  #row(server: string, index: number, all: readonly string[]) {
    const put = (list: string[]) => void this.remote.want({ coordinators: list });
    const others = all.filter((other) => other !== server);
    const host = server.replace(/^https?:\/\//, "");
    return html`
      <li data-testid="coordinator">
        <span class="mono">${server}</span>
        ${server === this.remote.server && this.remote.active ? html`<span class="small good">${this.t("coordinator-now")}</span>` : nothing}
        ${index > 0
          ? html`<button aria-label=${this.t("coordinator-first-of", { host })} @click=${() => put([server, ...others])}>${this.t("coordinator-first")}</button>`
          : nothing}
        ${others.length > 0
          ? html`<button aria-label=${this.t("coordinator-remove-of", { host })} @click=${() => put(others)}>${this.t("coordinator-remove")}</button>`
          : nothing}
      </li>
    `;
  }

  #add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const coordinator = coordinatorAt(String(new FormData(form).get("coordinator")));
    this.wrong = coordinator === undefined;
    if (!coordinator) return;
    const known = this.remote.wish?.coordinators ?? [];
    void this.remote.want({ coordinators: [...known.filter((other) => other !== coordinator), coordinator] });
    form.reset();
  };
}

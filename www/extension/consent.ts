import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { Device } from "adit-client/device.ts";
import { maxLanes, parse } from "adit-client/preferences.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { coordinatorAt } from "./coordinators.ts";
import type { Remote } from "./remote.ts";

/** What a person is told before anything runs: what, how much, for whom, at what cost, and how to stop. */
@customElement("adit-consent")
export class Consent extends AditElement {
  static override styles = [
    shared,
    css`
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.9rem;
      }
      h2 {
        font-size: 1.25rem;
        line-height: 1.3;
      }
      dl {
        display: grid;
        gap: 0.55rem;
      }
      dt {
        font-weight: 600;
        font-size: 0.875rem;
        color: var(--muted);
      }
      dd {
        font-size: 0.95rem;
        line-height: 1.4;
      }
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.7rem;
      }
      label {
        display: grid;
        gap: 0.25rem;
        font-weight: 600;
      }
      input {
        width: 100%;
        font-weight: 400;
      }
      .row button {
        flex: 1 1 auto;
      }
      button.main {
        padding: 0.55rem 1.2rem;
        font-size: 1.05rem;
      }
    `,
  ];

  @property({ attribute: false }) remote!: Remote;
  @property({ attribute: false }) device!: Device;
  @state() private wrong = false;

  constructor() {
    super();
    new Watch(this, () => this.remote);
  }

  protected override render() {
    const { cpuLanes, gpu } = parse(null);
    const { trouble } = this.remote;
    const { coordinators } = this.remote.wish ?? { coordinators: [] };
    return html`
      <section class="card" aria-labelledby="title">
        <h2 id="title">${this.t("consent-title")}</h2>
        <dl>
          <div><dt>${this.t("consent-what")}</dt><dd>${this.t("consent-what-text")}</dd></div>
          <div>
            <dt>${this.t("consent-much")}</dt>
            <dd>${this.t("consent-much-text", { lanes: cpuLanes, cores: maxLanes, gpu: gpu ? "yes" : "no" })}</dd>
          </div>
          <div><dt>${this.t("consent-whom")}</dt><dd>${this.t("consent-whom-text")}</dd></div>
          <div>
            <dt>${this.t("consent-cost")}</dt>
            <dd>${this.t("consent-cost-text", { memory: this.format.bytes(this.device.memory(cpuLanes)) })}</dd>
          </div>
          <div><dt>${this.t("consent-stop")}</dt><dd>${this.t("consent-stop-text")}</dd></div>
        </dl>
        <form @submit=${this.#agree} novalidate>
          <label>
            ${this.t("coordinator-address")}
            <input
              name="coordinator"
              type="url"
              inputmode="url"
              autocomplete="url"
              spellcheck="false"
              placeholder="https://"
              .value=${coordinators[0] ?? ""}
              aria-invalid=${this.wrong ? "true" : "false"}
              aria-describedby="wrong"
            />
          </label>
          <p id="wrong" class="small bad" role="alert" ?hidden=${!this.wrong && !trouble}>
            ${this.wrong ? this.t("coordinator-wrong") : trouble ? this.t("wish-lost", { why: trouble }) : nothing}
          </p>
          <div class="row">
            <button class="main">${this.t("consent-agree")}</button>
            <button type="button" @click=${() => window.close()}>${this.t("consent-decline")}</button>
          </div>
        </form>
      </section>
    `;
  }

  /** No page can press this: it is in a window of the extension, which nobody may frame. */
  #agree = (event: SubmitEvent): void => {
    event.preventDefault();
    const typed = String(new FormData(event.target as HTMLFormElement).get("coordinator"));
    const coordinator = coordinatorAt(typed);
    this.wrong = coordinator === undefined;
    if (!coordinator) return;
    const others = (this.remote.wish?.coordinators ?? []).filter((other) => other !== coordinator);
    void this.remote.want({ agreed: true, mining: true, coordinators: [coordinator, ...others] });
  };
}

import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { MinerView } from "adit-client/view.ts";
import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

import { names } from "./host.ts";
import { type Incident, Lending, choices } from "./lending.ts";

/** Room of this browser that a person lends for sealed replicas: how much, what it proves and what it earns. */
@customElement("adit-hold")
export class HoldView extends AditElement {
  static override styles = [
    shared,
    css`
      p {
        margin-top: 0.6rem;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
      }
      .row {
        margin-top: 0.8rem;
        align-items: end;
      }
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 11rem), 1fr));
        gap: 0.8rem;
        margin-top: 0.9rem;
      }
      dd {
        font-size: 1.15rem;
        font-weight: 650;
      }
      .note {
        margin-top: 0.9rem;
        border-inline-start: 5px solid var(--warn);
        padding: 0.2rem 0 0.2rem 0.8rem;
      }
    `,
  ];

  @property({ attribute: false }) miner!: MinerView;
  @state() private shares: number[] | undefined;
  /** Bytes that are to be lent, once the person has a copy of the key or wants none. */
  @state() private asked: number | undefined;
  @state() private sure = false;
  @state() private persistent: boolean | undefined;
  #lending: Lending | undefined;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void choices().then(
      (shares) => (this.shares = shares),
      () => (this.shares = []),
    );
    const { share } = this.#lent;
    if (share !== undefined && this.#lent.state === "idle") this.#lent.begin(share);
  }

  get #lent(): Lending {
    return (this.#lending ??= new Lending(names, this.miner.server, () => this.requestUpdate()));
  }

  protected override render() {
    const { state, held, trouble, incidents, apart } = this.#lent;
    return html`
      <p class="small muted">${this.t("hold-intro")}</p>
      <p role="status" data-testid="hold-state" data-state=${state}>${this.#state()}</p>
      ${state === "broken" || trouble ? html`<p class="small bad" lang="en" role="alert">${trouble}</p>` : nothing}
      ${held ? this.#figures() : nothing}
      ${incidents.map((incident) => html`<p class="note small" role="status" data-testid="incident">${this.#incident(incident)}</p>`)}
      ${this.asked === undefined ? this.#controls() : this.#copyFirst()}
      ${apart ? nothing : html`<p class="small muted">${this.t("hold-not-apart")}</p>`}
      ${this.persistent === false ? html`<p class="small muted">${this.t("hold-not-persistent")}</p>` : nothing}
    `;
  }

  #state(): string {
    switch (this.#lent.state) {
      case "idle":
        return this.#lent.share === undefined ? this.t("hold-idle") : this.t("hold-resting");
      case "starting":
        return this.t("hold-starting");
      case "holding":
        return this.t("hold-holding", { share: this.format.bytes(this.#lent.share ?? 0) });
      case "elsewhere":
        return this.t("hold-elsewhere");
      case "ending":
        return this.t("hold-ending");
      case "broken":
        return this.t("hold-broken");
    }
  }

  #figures() {
    const { held, proven } = this.#lent;
    const { format } = this;
    const figure = (id: string, name: string, value: string) => html`
      <div>
        <dt class="small muted">${name}</dt>
        <dd class="number" data-testid=${id}>${value}</dd>
      </div>
    `;
    return html`
      <dl>
        ${figure("hold-bytes", this.t("hold-bytes"), format.bytes(held?.bytes ?? 0))}
        ${figure("hold-proven", this.t("hold-proven"), format.duration((proven?.passed ?? 0) * (proven?.window_ms ?? 0)))}
        ${figure("hold-earned", this.t("hold-earned"), `${format.amount(held?.earned)} NNET`)}
        ${figure("hold-missing", this.t("hold-missing"), this.t("hold-ppm", { ppm: format.count(proven?.missing_at_most_ppm ?? 1_000_000) }))}
      </dl>
      <p class="small muted">${this.t("hold-proves", { draws: format.count(proven?.draws ?? 0) })}</p>
    `;
  }

  #incident(incident: Incident): string {
    const at = this.format.time(incident.at);
    if ("full" in incident) return this.t("hold-full", { at });
    const args = { at, replicas: incident.lost, bytes: this.format.bytes(incident.bytes) };
    return incident.damaged ? this.t("hold-damaged", args) : this.t("hold-evicted", args);
  }

  #controls() {
    const { state, share } = this.#lent;
    if (state === "starting" || state === "holding" || state === "elsewhere" || state === "ending") {
      return html`
        <div class="row">
          <button ?disabled=${state === "ending"} @click=${() => this.#lent.rest()}>${this.t("hold-rest")}</button>
          ${this.sure
            ? html`
                <button @click=${this.#quit}>${this.t("hold-quit-sure")}</button>
                <button @click=${() => (this.sure = false)}>${this.t("hold-keep")}</button>
              `
            : html`<button ?disabled=${state === "ending"} @click=${() => (this.sure = true)}>${this.t("hold-quit")}</button>`}
        </div>
      `;
    }
    if (!this.shares) return nothing;
    if (this.shares.length === 0) return html`<p class="small">${this.t("hold-no-room")}</p>`;
    return html`
      <form class="row" @submit=${this.#ask}>
        <label>
          ${this.t("hold-share")}
          <select name="share">
            ${this.shares.map((bytes) => html`<option value=${bytes} ?selected=${bytes === share}>${this.format.bytes(bytes)}</option>`)}
          </select>
        </label>
        <button>${this.t("hold-begin")}</button>
      </form>
    `;
  }

  /** Before the first byte: what is earned belongs to a key that is nowhere else. */
  #copyFirst() {
    return html`
      <div class="note" role="group" aria-label=${this.t("hold-copy")}>
        <p>${this.t("hold-copy-why")}</p>
        <div class="row">
          <button @click=${() => this.dispatchEvent(new Event("adit-save-key"))}>${this.t("key-save")}</button>
          <button @click=${this.#begin}>${this.miner.keyCopied ? this.t("hold-begin") : this.t("hold-without")}</button>
        </div>
      </div>
    `;
  }

  #ask = (event: SubmitEvent): void => {
    event.preventDefault();
    this.asked = Number(new FormData(event.target as HTMLFormElement).get("share"));
    if (this.miner.keyCopied) void this.#begin();
  };

  /** The browser is asked to keep this page's data, the key among it, before there is more of it. */
  #begin = async (): Promise<void> => {
    const share = this.asked;
    this.asked = undefined;
    if (share === undefined) return;
    try {
      this.persistent = await navigator.storage.persist();
    } catch {
      this.persistent = false;
    }
    this.#lent.begin(share);
  };

  #quit = (): void => {
    this.sure = false;
    this.#lent.quit();
  };
}

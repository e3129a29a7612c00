import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { shared } from "adit-ui/styles.ts";
import { tables as tableStyle } from "adit-ui/tables.ts";
import { messageOf } from "adit-worker/error.ts";

import type { Feed } from "./figures.ts";
import { type Found, find } from "./find.ts";
import { receipts } from "./tables.ts";

/** The search for a job, a contributor, a key, a lease or a CID. */
@customElement("adit-search")
export class Search extends LitElement {
  static override styles = [
    shared,
    tableStyle,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
        align-items: end;
      }
      label {
        display: grid;
        gap: 0.2rem;
        font-size: 0.9rem;
        flex: 1 1 16rem;
      }
      input {
        width: 100%;
      }
      .facts {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.2rem 1rem;
        margin: 0.6rem 0;
      }
      .facts dd {
        overflow-wrap: anywhere;
      }
      h2 {
        margin-top: 0.9rem;
      }
    `,
  ];

  @property({ attribute: false }) feed!: Feed;
  @state() private found: Found | undefined;
  /** Why nothing is shown. */
  @state() private words = "";

  protected override render() {
    return html`
      <section class="card" aria-label="Search">
        <form role="search" @submit=${this.#search}>
          <label>
            Search for a job's number, a contributor, a key, a lease or a unit's CID
            <input type="search" name="text" autocomplete="off" spellcheck="false" required />
          </label>
          <button>Search</button>
        </form>
        <p class="small muted" role="status">${this.words}</p>
        ${this.found ? this.#shown(this.found) : nothing}
      </section>
    `;
  }

  #shown({ what, facts, receipts: known }: Found) {
    return html`
      <div data-testid="found">
        <h2>${what}</h2>
        <dl class="facts small">${facts.map(([name, value]) => html`<dt class="muted">${name}</dt><dd>${value}</dd>`)}</dl>
        ${known.length > 0 ? receipts("Its receipts", known) : nothing}
      </div>
    `;
  }

  #search = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = String(new FormData(event.target as HTMLFormElement).get("text")).trim();
    this.found = undefined;
    this.words = "Searching…";
    try {
      this.found = await find(text, this.feed);
      this.words = this.found ? "" : "The coordinator knows nothing by this name.";
    } catch (error) {
      this.words = messageOf(error);
    }
  };
}

import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { AditElement } from "adit-ui/element.ts";
import { shared } from "adit-ui/styles.ts";
import type { JobView } from "adit-worker/wire.ts";

import { cells } from "./cells.ts";

/** The most cells in a picture. */
const MOST = 192;

/** A job's panels as they fall into place. */
@customElement("adit-panels")
export class Panels extends AditElement {
  static override styles = [
    shared,
    css`
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(0.85rem, 1fr));
        gap: 3px;
        max-width: 44rem;
      }
      i {
        aspect-ratio: 1;
        border-radius: 3px;
        border: 1px solid var(--line);
        background: var(--sunken);
        transition:
          background-color 0.35s,
          border-color 0.35s;
      }
      .done {
        background: var(--good);
        border-color: var(--good);
      }
      .leased {
        border: 2px solid var(--accent);
        animation: breathe 1.6s ease-in-out infinite alternate;
      }
      @keyframes breathe {
        to {
          background: var(--accent);
        }
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0.2rem 1.1rem;
        padding: 0;
        margin: 0.6rem 0 0;
        list-style: none;
      }
      li {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
      }
      li i {
        width: 0.85rem;
      }
      li .leased {
        animation: none;
      }
      .wrong {
        border-color: var(--bad);
        background: linear-gradient(45deg, transparent 42%, var(--bad) 42% 58%, transparent 58%);
      }
      @media (prefers-reduced-motion: reduce) {
        i {
          animation: none !important;
          transition: none;
        }
      }
      @media (forced-colors: active) {
        i {
          forced-color-adjust: none;
          border-color: CanvasText;
          background: Canvas;
          animation: none !important;
        }
        .done {
          background: CanvasText;
        }
        .leased {
          border: 2px dashed Highlight;
        }
        .wrong {
          border-style: double;
        }
      }
    `,
  ];

  @property({ attribute: false }) job!: JobView;

  protected override render() {
    const { panels, panels_done: done, panels_leased: leased, units_invalid: wrong, leases_expired: expired } = this.job;
    const waiting = Math.max(0, panels - done - leased);
    const isOver = this.job.state === "cancelled";
    return html`
      <div class="grid" role="img" aria-label=${this.t("job-panels-picture", { panels, done, leased, waiting })}>
        ${cells(this.job, MOST).map((cell) => html`<i class=${cell}></i>`)}
      </div>
      <ul class="small muted">
        <li><i class="done"></i>${this.t("job-panels-done", { count: done })}</li>
        <li><i class="leased"></i>${this.t("job-panels-leased", { count: leased })}</li>
        <li><i></i>${isOver ? this.t("job-panels-left", { count: waiting }) : this.t("job-panels-waiting", { count: waiting })}</li>
        ${wrong > 0 ? html`<li class="bad"><i class="wrong"></i>${this.t("job-panels-wrong", { count: wrong })}</li>` : ""}
        ${expired > 0 ? html`<li>${this.t("job-panels-expired", { count: expired })}</li>` : ""}
      </ul>
    `;
  }
}

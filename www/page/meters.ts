import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Miner } from "adit-client/miner.ts";
import { amount, count, duration, quantity } from "adit-ui/format.ts";
import { shared } from "adit-ui/styles.ts";
import { Watch } from "adit-ui/watch.ts";

/** The verified rate, the verified units and the earnings. */
@customElement("adit-meters")
export class Meters extends LitElement {
  static override styles = [
    shared,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
        gap: 1rem;
      }
      dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      dd {
        font-size: 1.7rem;
        font-weight: 650;
        line-height: 1.25;
        letter-spacing: -0.01em;
      }
      dd small {
        font-size: 0.8rem;
        font-weight: 400;
        letter-spacing: 0;
        color: var(--muted);
      }
      dd.note {
        font-size: 0.8rem;
        font-weight: 400;
        letter-spacing: 0;
        color: var(--muted);
      }
      @media (max-width: 34rem) {
        dl {
          grid-template-columns: 1fr 1fr;
          gap: 0.7rem;
        }
        .card {
          padding: 0.8rem 0.9rem;
        }
        dd {
          font-size: 1.4rem;
        }
      }
    `,
  ];

  @property({ attribute: false }) miner!: Miner;

  constructor() {
    super();
    new Watch(this, () => this.miner);
  }

  protected override render() {
    const { status, account } = this.miner;
    const invalid = status?.units_invalid ?? 0;
    return html`
      <dl>
        ${meter("rate", "Verified rate", quantity(status?.work_per_s ?? 0), "/s", "operations, over ten seconds")}
        ${meter(
          "units",
          "Verified units",
          count(status?.units_valid ?? 0),
          "",
          invalid > 0 ? `${count(invalid)} refused` : status ? `in ${duration(status.uptime_ms)} of mining` : "none yet",
        )}
        ${meter("pending", "Pending", amount(account?.pending), "NNET", "at most; paid when the epoch closes", account?.pending)}
        ${meter("posted", "Posted", amount(account?.posted), "NNET", "paid to your key", account?.posted)}
      </dl>
    `;
  }
}

function meter(id: string, label: string, value: string, unit: string, note: string, exact?: string) {
  return html`
    <div class="card">
      <dt>${label}</dt>
      <dd class="number" data-testid=${id} title=${exact ?? ""}>${value} <small>${unit}</small></dd>
      <dd class="note">${note}</dd>
    </div>
  `;
}

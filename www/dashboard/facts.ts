/** Tables of facts, and amounts, as every element of the dashboard shows them. */

import { type TemplateResult, html } from "lit";

import type { Format } from "adit-ui/format.ts";

export type Fact = [name: string, value: string | TemplateResult];

/** Names and values, one below the other. */
export function facts(rows: readonly Fact[]): TemplateResult {
  return html`<dl class="facts small">${rows.map(([name, value]) => html`<div><dt class="muted">${name}</dt><dd class="number">${value}</dd></div>`)}</dl>`;
}

/** An amount; its title is exact. */
export function exact(format: Format, amount: string): TemplateResult {
  return html`<span class="number" title=${`${amount} NNET`}>${format.amount(amount)}</span>`;
}

/** A heading that begins with ">" is aligned at the end, as its numbers are. */
export function table(name: string, headings: readonly string[], rows: readonly TemplateResult[]): TemplateResult {
  const heading = (text: string) =>
    text.startsWith(">") ? html`<th scope="col" class="right">${text.slice(1)}</th>` : html`<th scope="col">${text}</th>`;
  return html`
    <div class="wide" tabindex="0" role="group" aria-label=${name}>
      <table>
        <thead><tr>${headings.map(heading)}</tr></thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

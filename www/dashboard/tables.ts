import { type TemplateResult, html, nothing } from "lit";

import { amount, bytes, count, duration, plural, quantity, short, time } from "adit-ui/format.ts";
import type { EpochView, JobView, LedgerTotals, MinerView, Overview, ProvenReceipt } from "adit-worker/wire.ts";

export function jobs(jobs: JobView[]) {
  return section(
    "Jobs",
    jobs.length === 0
      ? html`<p class="muted">None yet. <span class="mono">adit submit</span> sends one.</p>`
      : table(["Job", "Progress", "State", "Kind", ">Units", ">Refused", ">Spent", ">Age"], jobs.map(job)),
  );
}

function job(job: JobView) {
  const done = job.panels > 0 ? job.panels_done / job.panels : 0;
  const tone = { active: "", done: "good", cancelled: "bad" }[job.state];
  const until = job.ended_at_ms ?? Date.now();
  return html`
    <tr data-testid="job" data-state=${job.state}>
      <td class="text">${job.job}${job.name ? html` <strong>${job.name}</strong>` : nothing}${job.demo ? html` <span class="muted">demo</span>` : nothing}</td>
      <td class="progress">
        <progress max="1" .value=${done} aria-label="Job ${job.job}"></progress>
        <span class="small muted">${count(job.panels_done)} of ${count(job.panels)} panels, ${count(job.panels_leased)} leased</span>
      </td>
      <td class="text">
        <span class=${tone}>${job.state}</span>
        ${job.stuck ? html`<div class="small warn">${job.stuck}</div>` : nothing}
      </td>
      <td>${job.kind}</td>
      <td class="right">${count(job.units_valid)}</td>
      <td class="right ${job.units_invalid > 0 ? "bad" : ""}">${count(job.units_invalid)}</td>
      <td class="right" title=${job.spent}>${amount(job.spent)}</td>
      <td class="right">${duration(until - job.created_at_ms)}</td>
    </tr>
  `;
}

export function miners(miners: MinerView[]) {
  if (miners.length === 0) return html`<p class="muted">None seen lately.</p>`;
  return table([">Rate", "Miner", "Key", ">Leases", ">Verified", ">Refused", ">Expired", ">Pending", ">Posted", ">Seen"], miners.map(miner));
}

function miner({ account, leases_live, leases_expired, seen_ms_ago, work_per_s }: MinerView) {
  return html`
    <tr data-testid="miner">
      <td class="right">${quantity(work_per_s)}/s</td>
      <td>${account.contributor}</td>
      <td class="mono" title=${account.key}>${short(account.key)}</td>
      <td class="right">${count(leases_live)}</td>
      <td class="right">${count(account.units_valid)}</td>
      <td class="right ${account.units_invalid > 0 ? "bad" : ""}">${count(account.units_invalid)}</td>
      <td class="right">${count(leases_expired)}</td>
      <td class="right" title=${account.pending}>${amount(account.pending)}</td>
      <td class="right" title=${account.posted}>${amount(account.posted)}</td>
      <td class="right">${duration(seen_ms_ago)} ago</td>
    </tr>
  `;
}

export function ledger({ accounts, transfers, balanced, audited_at_ms }: LedgerTotals) {
  const audit = audited_at_ms === null ? "not audited yet" : `audited ${duration(Math.max(Date.now() - audited_at_ms, 0))} ago`;
  const rows = accounts.map(
    ({ kind, accounts, balance }) => html`
      <tr><td>${kind}</td><td class="right">${count(accounts)}</td><td class="right" title=${balance}>${amount(balance)}</td></tr>
    `,
  );
  return section(
    "Ledger",
    html`
      <p class=${balanced ? "good" : "bad"} data-testid="balanced">
        ${balanced ? "✓ Balanced" : "✗ Not balanced: stop paying out and look into it"}
        <span class="muted">${plural(transfers, "transfer")}, ${audit}</span>
      </p>
      ${table(["Account kind", ">Accounts", ">NNET"], rows)}
    `,
  );
}

export function verdicts({ verdicts }: Overview) {
  const rows: [string, number, string][] = [
    ["Valid", verdicts.valid, "good"],
    ["Invalid", verdicts.invalid, verdicts.invalid > 0 ? "bad" : ""],
    ["Inconclusive", verdicts.inconclusive, ""],
    ["Too late", verdicts.too_late, ""],
    ["Expired leases", verdicts.expired, ""],
  ];
  const shown = rows.map(
    ([name, value, tone]) => html`<tr><td>${name}</td><td class="right ${tone}" data-testid="verdict ${name}">${count(value)}</td></tr>`,
  );
  return section("Verdicts", table(["Verdict", ">Outputs"], shown));
}

export function epochs(epochs: EpochView[]) {
  const rows = epochs.slice(0, 10).map(
    (epoch) => html`
      <tr>
        <td>${epoch.epoch}</td>
        <td>${time(epoch.opened_at_ms)}</td>
        <td>${epoch.closed_at_ms === null ? html`<span class="muted">open</span>` : time(epoch.closed_at_ms)}</td>
        <td class="right">${count(epoch.miners)}</td>
        <td class="right" title=${epoch.budget}>${amount(epoch.budget)}</td>
        <td class="right" title=${epoch.value}>${amount(epoch.value)}</td>
        <td class="right" title=${epoch.paid}>${amount(epoch.paid)}</td>
        <td class="right" title=${epoch.carried}>${amount(epoch.carried)}</td>
      </tr>
    `,
  );
  return section("Epochs", table(["Epoch", "Opened", "Closed", ">Miners", ">Budget", ">Value", ">Paid", ">Carried"], rows));
}

export function receipts(title: string, receipts: ProvenReceipt[]) {
  const rows = receipts.map(
    ({ receipt }) => html`
      <tr>
        <td>${receipt.log_index}</td>
        <td>${time(receipt.at_ms)}</td>
        <td>${receipt.kind}</td>
        <td class=${receipt.verdict === "valid" ? "good" : "bad"}>${receipt.verdict.replace("_", " ")}</td>
        <td class="mono" title=${receipt.miner}>${short(receipt.miner)}</td>
        <td class="right">${quantity(receipt.work)}</td>
        <td class="right">${bytes(receipt.output_bytes)}</td>
        <td class="right" title=${receipt.value}>${amount(receipt.value)}</td>
      </tr>
    `,
  );
  return section(
    title,
    receipts.length === 0
      ? html`<p class="muted">None yet.</p>`
      : table(["Log", "At", "Kind", "Verdict", "Miner", ">Work", ">Output", ">NNET"], rows),
  );
}

function section(title: string, content: TemplateResult) {
  return html`<section class="card" aria-label=${title}><h2>${title}</h2>${content}</section>`;
}

/** A heading that begins with ">" is aligned right, as its numbers are. */
function table(headings: string[], rows: TemplateResult[]) {
  const heading = (text: string) =>
    text.startsWith(">") ? html`<th scope="col" class="right">${text.slice(1)}</th>` : html`<th scope="col">${text}</th>`;
  return html`
    <div class="wide" tabindex="0" role="group">
      <table>
        <thead><tr>${headings.map(heading)}</tr></thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

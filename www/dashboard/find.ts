/** What a search finds. The shape of the text says what it may be, and the coordinator says whether it is. */

import { amount, bytes, checked, count, plural, quantity } from "adit-ui/format.ts";
import type { Account, ContributorResponse, JobView, ProvenReceipt, Receipt, ReceiptList } from "adit-worker/wire.ts";

import { Refusal } from "./figures.ts";

/** The coordinator, as a search uses it. */
export interface Source {
  get<T>(path: string): Promise<T>;
  fetch(path: string): Promise<Response>;
}

/** A thing that was found, with its facts. */
export interface Found {
  what: string;
  facts: [name: string, value: string][];
  /** Receipts that belong to it, newest first. */
  receipts: ProvenReceipt[];
}

type Finder = (text: string, source: Source) => Promise<Found>;

const FINDERS: [shape: RegExp, finder: Finder][] = [
  [/^\d{1,15}$/, job],
  [/^[0-9a-f]{66}$/, key],
  [/^[0-9a-f]{32}$/, lease],
  [/^b[a-z2-7]{50,80}$/, unit],
  [/^b[a-z2-7]{50,80}$/, block],
  // Any of the above may be a contributor's id as well.
  [/^[\w.:-]{1,64}$/, contributor],
];

/** Tries what the text may be, one after the other. Undefined: the coordinator knows nothing by this name. */
export async function find(text: string, source: Source): Promise<Found | undefined> {
  const wanted = text.trim().toLowerCase();
  for (const [shape, finder] of FINDERS) {
    if (!shape.test(wanted)) continue;
    try {
      return await finder(wanted, source);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status >= 500) throw error;
    }
  }
  return undefined;
}

async function job(number: string, source: Source): Promise<Found> {
  const job = await source.get<JobView>(`/v1/jobs/${number}`);
  return {
    what: `Job ${job.job}${job.name ? `, ${job.name}` : ""}`,
    facts: [
      ["Kind", job.kind],
      ["State", job.stuck ? `${job.state}: ${job.stuck}` : job.state],
      ["Panels", `${count(job.panels_done)} of ${count(job.panels)} done, ${count(job.panels_leased)} leased`],
      ["Units", `${count(job.units_valid)} valid, ${count(job.units_invalid)} refused, ${plural(job.leases_expired, "lease")} expired`],
      ["Work", `${quantity(job.work)} operations`],
      ["Spent", `${amount(job.spent)} NNET`],
    ],
    receipts: [],
  };
}

async function key(key: string, source: Source): Promise<Found> {
  const account = await source.get<Account>(`/v1/accounts/${key}`);
  return {
    what: "A miner's key",
    facts: [
      ["Contributor", account.contributor],
      ["Units", `${count(account.units_valid)} valid, ${count(account.units_invalid)} refused`],
      ["Work", `${quantity(account.work_verified)} operations`],
      ["Pending", `${amount(account.pending)} NNET`],
      ["Posted", `${amount(account.posted)} NNET`],
      ["Confidence", `${account.confidence_bps / 100} %`],
    ],
    receipts: await receipts(`miner=${key}`, source),
  };
}

async function lease(lease: string, source: Source): Promise<Found> {
  const proven = await source.get<ProvenReceipt>(`/v1/leases/${lease}/receipt`);
  return { what: "A lease with its receipt", facts: factsOf(proven.receipt), receipts: [proven] };
}

async function unit(cid: string, source: Source): Promise<Found> {
  const encoding = await (await source.fetch(`/v1/units/${cid}`)).arrayBuffer();
  const known = await receipts(`unit=${cid}`, source);
  const facts: [string, string][] = [
    ["Encoding", bytes(encoding.byteLength)],
    ["Receipts", count(known.length)],
  ];
  const newest = known[0]?.receipt;
  return { what: "A unit", facts: newest ? [...facts, ["Kind", newest.kind], ["Work", `${quantity(newest.work)} operations`]] : facts, receipts: known };
}

async function block(cid: string, source: Source): Promise<Found> {
  const block = await (await source.fetch(`/ipfs/${cid}?format=raw`)).arrayBuffer();
  return { what: "An input block", facts: [["Size", bytes(block.byteLength)]], receipts: [] };
}

async function contributor(id: string, source: Source): Promise<Found> {
  const { contributor } = await source.get<ContributorResponse>(`/ai-energy/contributor/${encodeURIComponent(id)}`);
  return {
    what: `Contributor ${contributor.id}`,
    facts: [
      ["State", contributor.is_active ? "mines now" : "does not mine now"],
      ["Verified units", count(contributor.total_tasks)],
      ["Time in sessions", `${contributor.total_compute_hours.toFixed(2)} h`],
      ["Pays to", contributor.wallet_address],
    ],
    receipts: [],
  };
}

async function receipts(query: string, source: Source): Promise<ProvenReceipt[]> {
  return (await source.get<ReceiptList>(`/v1/receipts?${query}&limit=10`)).receipts;
}

function factsOf(receipt: Receipt): [string, string][] {
  return [
    ["Verdict", receipt.verdict.replace("_", " ")],
    ["Kind", receipt.kind],
    ["Unit", receipt.unit],
    ["Miner", receipt.miner],
    ["Work", `${quantity(receipt.work)} operations`],
    ["Value", `${amount(receipt.value)} NNET`],
    ["Checked", checked(receipt)],
    ["Log", `entry ${count(receipt.log_index)}, epoch ${receipt.epoch}`],
    ["At", new Date(receipt.at_ms).toISOString()],
  ];
}

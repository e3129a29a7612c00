/** What a search finds. The shape of the text says what it may be, and the coordinator says whether it is. */

import type { Account, Contributor, ContributorResponse, JobView, ProvenReceipt, ReceiptList } from "adit-worker/wire.ts";

import { Refusal } from "./api.ts";

/** The coordinator, as a search uses it. */
export interface Source {
  get<T>(path: string): Promise<T>;
  fetch(path: string): Promise<Response>;
}

/** A thing that was found, and the receipts that belong to it, newest first. */
export type Found = { receipts: ProvenReceipt[] } & (
  | { what: "job"; job: JobView }
  | { what: "key"; account: Account }
  | { what: "lease"; proven: ProvenReceipt }
  | { what: "unit"; bytes: number }
  | { what: "block"; bytes: number }
  | { what: "contributor"; contributor: Contributor }
);

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
  return { what: "job", job: await source.get<JobView>(`/v1/jobs/${number}`), receipts: [] };
}

async function key(key: string, source: Source): Promise<Found> {
  const account = await source.get<Account>(`/v1/accounts/${key}`);
  return { what: "key", account, receipts: await receipts(`miner=${key}`, source) };
}

async function lease(lease: string, source: Source): Promise<Found> {
  const proven = await source.get<ProvenReceipt>(`/v1/leases/${lease}/receipt`);
  return { what: "lease", proven, receipts: [proven] };
}

async function unit(cid: string, source: Source): Promise<Found> {
  const encoding = await (await source.fetch(`/v1/units/${cid}`)).arrayBuffer();
  return { what: "unit", bytes: encoding.byteLength, receipts: await receipts(`unit=${cid}`, source) };
}

async function block(cid: string, source: Source): Promise<Found> {
  const block = await (await source.fetch(`/ipfs/${cid}?format=raw`)).arrayBuffer();
  return { what: "block", bytes: block.byteLength, receipts: [] };
}

async function contributor(id: string, source: Source): Promise<Found> {
  const { contributor } = await source.get<ContributorResponse>(`/ai-energy/contributor/${encodeURIComponent(id)}`);
  return { what: "contributor", contributor, receipts: [] };
}

async function receipts(query: string, source: Source): Promise<ProvenReceipt[]> {
  return (await source.get<ReceiptList>(`/v1/receipts?${query}&limit=10`)).receipts;
}

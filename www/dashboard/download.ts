/** Fetches a result and hands it to the browser as a file. The token stays in a header, so a link would not do. */

import { type Api, type Progress, Unreachable } from "./api.ts";

export async function download(api: Api, path: string, name: string, bytes: number | null, progress: Progress, signal: AbortSignal): Promise<void> {
  const response = await api.fetch(path, { signal });
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  const pieces: BlobPart[] = [];
  let got = 0;
  const reader = response.body?.getReader();
  const next = () => reader?.read().catch((error: unknown) => Promise.reject(signal.aborted ? error : new Unreachable()));
  for (let piece = await next(); piece && !piece.done; piece = await next()) {
    pieces.push(piece.value as Uint8Array<ArrayBuffer>);
    got += piece.value.byteLength;
    if (bytes) progress(Math.min(1, got / bytes));
  }
  if (bytes !== null && got !== bytes) throw new Unreachable();
  keep(new Blob(pieces, { type }), name);
}

function keep(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser has taken hold of the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

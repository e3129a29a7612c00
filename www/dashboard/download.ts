/** Fetches a result and hands it to the browser as a file. The token stays in a header, so a link would not do. */

import type { Api, Progress } from "./api.ts";

export async function download(api: Api, path: string, name: string, bytes: number | null, progress: Progress, signal: AbortSignal): Promise<void> {
  const response = await api.fetch(path, { signal });
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  const pieces: BlobPart[] = [];
  let got = 0;
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    pieces.push(piece.value as Uint8Array<ArrayBuffer>);
    got += piece.value.byteLength;
    if (bytes) progress(Math.min(1, got / bytes));
  }
  // A body that ends early has thrown by now, if its length was announced.
  if (bytes !== null && got !== bytes) throw new Error(`${got} of ${bytes} bytes`);
  keep(new Blob(pieces, { type }), name);
}

function keep(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser has taken hold of the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

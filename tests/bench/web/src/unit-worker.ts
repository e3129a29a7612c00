/** A lane on WebGPU in a worker: computes as many units as a message asks for, and answers with a value of the last. */

import { lane } from "./ours.ts";

const file = async (path: string) => new Uint8Array(await (await fetch(`/data/${path}`)).arrayBuffer());
const { blocks } = (await (await fetch("/data/gradient.json")).json()) as { blocks: number };
const inputs = await Promise.all(Array.from({ length: blocks }, (_, index) => file(`gradient/${index}`)));
const run = await lane("gpu", await file("gradient/unit"), inputs);

self.onmessage = async ({ data }: MessageEvent<number>) => {
  let output = new Uint8Array();
  for (let i = 0; i < data; i += 1) output = await run();
  postMessage(new DataView(output.buffer).getInt32(output.length - 4, true));
};
postMessage("ready");

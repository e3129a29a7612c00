/** A lane in a worker: computes as many products as a message asks for, and answers with a value of the last. */

import { kernels } from "./ours.ts";

const N = 1024;

const { IntegerProduct, activations, weights } = await kernels("bench");
const product = new IntegerProduct(weights(2, N * N), N, N);
const [a, sums] = [activations(1, N * N), new Int32Array(N * N)];

self.onmessage = ({ data }: MessageEvent<number>) => {
  for (let i = 0; i < data; i += 1) product.multiply(a, sums);
  postMessage(sums.at(-1));
};
postMessage("ready");

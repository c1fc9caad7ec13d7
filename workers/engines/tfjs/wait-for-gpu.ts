import { reshape, slice, tidy, type Tensor as TfTensor } from "@tensorflow/tfjs-core";

/**
 * Wait until a GPU has computed a tensor, by reading one element back, twice: the second reading, of what is ready, takes as long as
 * the first one took beyond the wait. One element, since TF.js moves off the GPU what is read whole.
 * @returns ms that the readings themselves took: not the model's.
 */
export async function waitForGpu(result: TfTensor | undefined): Promise<number> {
  if (result === undefined || result.size === 0) return 0;
  await readOneElement(result);
  const startMs = performance.now();
  await readOneElement(result);
  return 2 * (performance.now() - startMs);
}

async function readOneElement(source: TfTensor): Promise<void> {
  const element = tidy(() => slice(reshape(source, [-1]), [0], [1]));
  await element.data();
  element.dispose();
}

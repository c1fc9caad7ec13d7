import { reshape, slice, tidy, type Tensor as TfTensor } from "@tensorflow/tfjs-core";

/**
 * Wait until a GPU has computed a tensor, by reading one element back twice. The tensor is ready at the second read, which
 * therefore takes as long as the first one took in addition to the wait. Only one element is read, since TF.js moves a tensor
 * off the GPU if all of it is read.
 * @returns ms that both reads took by themselves, to be subtracted from the time of the model.
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

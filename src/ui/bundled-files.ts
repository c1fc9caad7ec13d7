import type { SharderOptions } from "../index.js";

// Bundlers copy the files that are named in this literal form, and put in the copies' addresses. So the element finds them wherever it is
// served from: beside the page, in another project's build, or on a CDN.
const model = new URL("../../public/models/upscale-x2/model.json", import.meta.url).href;
const weights = new URL("../../public/models/upscale-x2/group1-shard1of1.bin", import.meta.url).href;

/** Address of the model that enlarges pictures ×2, which comes with the package. */
export const BUNDLED_MODEL = model;

/** Address of the picture that comes with the package. */
export const BUNDLED_SAMPLE = new URL("../../public/samples/sample.png", import.meta.url).href;

/** How a model is named to `createSharder`. A build may have renamed the bundled model's weights, which its model.json doesn't know. */
export function modelSource<T extends SharderOptions["model"]>(
  address: T,
): { readonly model: T } & Pick<SharderOptions, "weightUrlConverter"> {
  return address === model ? { model: address, weightUrlConverter: () => weights } : { model: address };
}

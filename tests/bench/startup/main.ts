import { noiseBatch, type Batch } from "../bench-models.js";
import { timed, type Values } from "../statistics.js";

/** Values of the outputs that the script compares between the subjects. */
const SAMPLE_COUNT = 1000;

/** Compute one item with a model that nothing of the page has loaded yet. @param url of its model.json. */
export type Start = (url: string, item: Batch) => Promise<Values[]>;

/** Each loads its own code when it runs, as a page does that has only this subject. */
const starts: Readonly<Record<string, Start>> = {
  "TF.js": async (url, item) => (await import("./start-tfjs.js")).startTfjs(url, item),
  "sharder, 1 worker": async (url, item) =>
    (await import("./start-sharder.js")).startSharder(url, item, [{ backend: "wasm" }]),
  "sharder, auto": async (url, item) => (await import("./start-sharder.js")).startSharder(url, item, "auto"),
};

export interface FirstResult {
  /** From nothing but this script to the first result. */
  readonly ms: number;
  /** At most 1000 values of the first output, evenly spread over it. */
  readonly sample: readonly number[];
}

/** Call it once per page. @param itemShape sizes of one item. */
async function measure(subject: string, url: string, itemShape: readonly number[]): Promise<FirstResult> {
  const item = noiseBatch(itemShape, 1);
  const { value, ms } = await timed(() => starts[subject]!(url, item));
  const output = value[0]!;
  const step = Math.max(1, Math.floor(output.length / SAMPLE_COUNT));
  return { ms, sample: Array.from(output).filter((_, index) => index % step === 0) };
}

const startup = { subjects: Object.keys(starts), measure };

declare global {
  // The script uses it from outside the page.
  var startup: unknown;
}
globalThis.startup = startup;

// Writes the bundled model as a .tflite file, with the translator that LiteRT's workers use. It is TypeScript, which Vite compiles.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runnerImport } from "vite";
import { root } from "../run.mjs";

/** @typedef {{ wire: { inputs: { name: string }[] } }} Inspected */
/** @typedef {{ inspectModel: (artifacts: object, isOwned: boolean, optimize: boolean) => Inspected }} InspectModule */
/** @typedef {{ byteLength: number, write: (target: Uint8Array) => void }} TfliteFile */
/** @typedef {{ translateGraph: (wire: object, shapes: Record<string, readonly number[]>) => TfliteFile }} TranslateModule */

/**
 * The whole file.
 * @param {string} path of model.json
 * @param {readonly number[]} shape of its input, without free sizes: the format has none
 * @returns {Promise<Uint8Array>}
 */
export async function tfliteFile(path, shape) {
  /** @type {{ module: InspectModule }} */
  const { module: inspecting } = await runnerImport(join(root, "src/model/inspect-model.ts"));
  /** @type {{ module: TranslateModule }} */
  const { module: translating } = await runnerImport(join(root, "src/model/translate/translate-graph.ts"));
  const model = JSON.parse(readFileSync(path, "utf8"));
  const [{ paths, weights }] = model.weightsManifest;
  const data = new Uint8Array(
    Buffer.concat(paths.map((/** @type {string} */ each) => readFileSync(join(dirname(path), each)))),
  );
  const { wire } = inspecting.inspectModel({ ...model, weightSpecs: weights, weightData: data.buffer }, false, true);
  const file = translating.translateGraph(wire, Object.fromEntries(wire.inputs.map(({ name }) => [name, shape])));
  const bytes = new Uint8Array(file.byteLength);
  file.write(bytes);
  return bytes;
}

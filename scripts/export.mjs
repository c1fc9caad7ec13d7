// `npm run export -- --onnx FOLDER` writes the bundled ×2 model for other engines and for servers: --onnx, --tflite and --saved-model, each
// with a folder, in any combination. Files of TensorFlow Lite have fixed sizes: --batch 4 --size 48 says which (default: 1 and 48).
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled } from "./install.mjs";
import { onnxFile } from "./export/onnx-file.mjs";
import { readGraph } from "./export/read-graph.mjs";
import { savedModelFile } from "./export/saved-model.mjs";
import { root } from "./run.mjs";

const path = join(root, "public", "models", "upscale-x2", "model.json");
const usage = "Expected --onnx FOLDER, --tflite FOLDER [--batch N --size PIXELS] or --saved-model FOLDER";

/** @param {string} folder @param {string} name @param {Uint8Array} content */
function write(folder, name, content) {
  mkdirSync(folder, { recursive: true });
  const file = join(resolve(folder), name);
  writeFileSync(file, content);
  console.log(`${file}: ${content.length} bytes`);
}

/** @param {string | undefined} text @param {string} name @param {number} fallback */
function whole(text, name, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 4096) return value;
  console.error(`Expected --${name} from 1 to 4096, received ${text}.`);
  process.exit(2);
}

function readOptions() {
  const text = /** @type {const} */ ({ type: "string" });
  try {
    return parseArgs({ options: { onnx: text, tflite: text, "saved-model": text, batch: text, size: text } }).values;
  } catch (error) {
    console.error(
      `${usage}, received ${process.argv.slice(2).join(" ")}: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exit(2);
  }
}

const { onnx, tflite, "saved-model": savedModel, batch, size } = readOptions();
if (onnx === undefined && tflite === undefined && savedModel === undefined) {
  console.error(`${usage}, received none of them.`);
  process.exit(2);
}
const [items, pixels] = [whole(batch, "batch", 1), whole(size, "size", 48)];
if (onnx !== undefined) write(onnx, "model.onnx", onnxFile(readGraph(path)));
if (savedModel !== undefined) write(savedModel, "saved_model.pb", savedModelFile(readGraph(path)));
if (tflite !== undefined) {
  await ensureInstalled();
  const { tfliteFile } = await import("./export/tflite-file.mjs");
  write(tflite, "model.tflite", await tfliteFile(path, [items, pixels, pixels, 3]));
}

// Checks the sizes of what the build makes users download, compressed as hosts compress it. Run by `npm test`, after the build.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./run.mjs";

/**
 * @typedef {object} Budget
 * @property {string} what
 * @property {string} folder below the project's root
 * @property {RegExp} files what it limits; each matching file by itself
 * @property {number} limitKb kB (1000 bytes) after gzip
 * @property {boolean} [isEntry] whether what a script loads at once with it counts, too
 */

/** The first budget that a file matches limits it. @type {readonly Budget[]} */
const budgets = [
  { what: "the page's script", folder: "dist", files: /^assets\/index-[^/]+\.js$/, limitKb: 221, isEntry: true },
  { what: "the page's style", folder: "dist", files: /^assets\/index-[^/]+\.css$/, limitKb: 2 },
  {
    what: "embed.js with all that it loads at once",
    folder: "dist",
    files: /^embed\.js$/,
    limitKb: 221,
    isEntry: true,
  },
  { what: "the service worker", folder: "dist", files: /^service-worker\.js$/, limitKb: 3 },
  {
    what: "a worker with an engine",
    folder: "dist",
    files: /^assets\/(wasm|cpu|webgl|webgpu)-[^/]+\.js$/,
    limitKb: 320,
  },
  { what: "an engine's binary", folder: "dist", files: /^assets\/tfjs-backend-wasm[^/]*\.wasm$/, limitKb: 160 },
  // Only a .tflite model loads one of each: the build that suits the browser.
  { what: "LiteRT's binary", folder: "dist", files: /^assets\/litert_wasm[^/]*\.wasm$/, limitKb: 2_950 },
  { what: "LiteRT's script", folder: "dist", files: /^assets\/litert_wasm[^/]*\.js$/, limitKb: 85 },
  // It puts stages together, too.
  { what: "a worker with LiteRT", folder: "dist", files: /^assets\/litert-(wasm|webgpu)-[^/]+\.js$/, limitKb: 16 },
  // And only an .onnx model loads one of these.
  {
    what: "ONNX Runtime's binary for the CPU",
    folder: "dist",
    files: /^assets\/ort-wasm-simd-threaded-[^/]*\.wasm$/,
    limitKb: 3_850,
  },
  {
    what: "ONNX Runtime's binary for the GPU",
    folder: "dist",
    files: /^assets\/ort-wasm-simd-threaded\.asyncify-[^/]*\.wasm$/,
    limitKb: 6_900,
  },
  { what: "a worker with ONNX Runtime", folder: "dist", files: /^assets\/onnx-(wasm|webgpu)-[^/]+\.js$/, limitKb: 15 },
  { what: "the reader of HDF5 files", folder: "dist", files: /^assets\/hdf5_hl-[^/]+\.js$/, limitKb: 1_100 },
  // Only a press on "Measure" loads it.
  {
    what: "a part of TF.js to compare with",
    folder: "dist",
    files: /^assets\/(plain-tfjs|dist|shared|rolldown-runtime|TopK_impl|Unique_impl)-[^/]+\.js$/,
    limitKb: 170,
  },
  { what: "a part that is loaded when it is needed", folder: "dist", files: /^assets\/[^/]+\.js$/, limitKb: 65 },
  // It recognises .tflite and .onnx files, and says what they are refused for; what reads them comes with the first one.
  { what: "the library", folder: "dist/lib", files: /^index\.js$/, limitKb: 156, isEntry: true },
  { what: "the element", folder: "dist/lib", files: /^element\.js$/, limitKb: 221, isEntry: true },
  { what: "the library's faults", folder: "dist/lib", files: /^faults\.js$/, limitKb: 3, isEntry: true },
];

/** A script and those that it imports at once. @param {string} file @param {Set<string>} found @returns {Set<string>} */
function loadedWith(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const code = readFileSync(file, "utf8");
  for (const [, specifier = ""] of code.matchAll(/\b(?:from|import)\s*["'`](\.[^"'`]+)["'`]/g)) {
    loadedWith(join(dirname(file), specifier), found);
  }
  return found;
}

/** @param {Iterable<string>} files @returns {number} kB after gzip */
function gzipKb(files) {
  let bytes = 0;
  for (const file of files) bytes += gzipSync(readFileSync(file), { level: 9 }).length;
  return bytes / 1e3;
}

/** @param {string} folder */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
}

let failedCount = 0;
/** @type {Set<Budget>} */
const used = new Set();
/** What is loaded at once with an entry counts there, and not again. @type {Set<string>} */
const counted = new Set();
for (const { folder, files, isEntry } of budgets) {
  if (isEntry !== true) continue;
  for (const name of filesOf(join(root, folder)).filter((each) => files.test(each))) {
    const [, ...imported] = loadedWith(join(root, folder, name));
    for (const path of imported) counted.add(path);
  }
}
for (const folder of new Set(budgets.map((budget) => budget.folder))) {
  for (const name of filesOf(join(root, folder)).toSorted()) {
    const budget = budgets.find((each) => each.folder === folder && each.files.test(name));
    if (budget === undefined) continue;
    used.add(budget);
    const path = join(root, folder, name);
    if (counted.has(path)) continue;
    const kb = gzipKb(budget.isEntry ? loadedWith(path) : [path]);
    const isOver = kb > budget.limitKb;
    if (isOver) failedCount++;
    console.log(
      `${isOver ? "✗" : "✓"} ${kb.toFixed(1).padStart(7)} of ${budget.limitKb} kB  ${budget.what}: ${folder}/${name}`,
    );
  }
}
for (const { what, files } of budgets.filter((budget) => !used.has(budget))) {
  failedCount++;
  console.error(
    `✗ Expected a file for "${what}", received none that matches ${files}: build first, or correct the budget.`,
  );
}
if (failedCount > 0) {
  console.error(
    `\nExpected every file to keep within its budget, received ${failedCount} that do not: load what the first seconds don't need by import(), or raise the budget in scripts/budgets.mjs and say why.`,
  );
}
process.exitCode = failedCount > 0 ? 1 : 0;

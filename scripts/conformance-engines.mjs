// `npm run conformance -- --engines A,B`: models, cases and fixtures on each of several engines, in a real browser.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runInPages } from "./conformance-pages.mjs";
import { printEngineRows } from "./conformance-engine-report.mjs";
import { root } from "./run.mjs";

/** @typedef {import("./conformance-engine-report.mjs").EngineRow} EngineRow */
/**
 * A model, and what says what is right: the values at `values`, or else TF.js's own run. Paths are those of the server.
 * @typedef {{ kind: string, name: string, model: string, values?: string }} Subject
 */

/** Folders by the path under which they are served. */
const FIXTURES = "/fixtures/";
const MODELS = "/public-models/";

/** Cases whose values do not follow from the weights in their own files, whatever the layers mean. */
const UNFOUNDED = ["k3h5-normalization"];

/** @param {readonly string[]} parts */
const pathOf = (...parts) => parts.map(encodeURIComponent).join("/");

/** Whatever has values in `run.json` or `case.json` beside its `model.json`. @returns {Subject[]} */
function casesOf(/** @type {string} */ folder, /** @type {string} */ mount, /** @type {string} */ kind) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const file = ["case.json", "run.json"].find((each) => existsSync(join(folder, name, each)));
    if (file === undefined || !existsSync(join(folder, name, "model.json"))) return [];
    const path = `${mount}${pathOf(name)}/`;
    const subject = { kind, name, model: `${path}model.json` };
    // The values are those of the model before its weights were rounded.
    const isRounded = readFileSync(join(folder, name, "model.json"), "utf8").includes('"quantization"');
    return [isRounded ? subject : { ...subject, values: `${path}${file}` }];
  });
}

/** Whatever has values in a `.json` of its own name. @returns {Subject[]} */
function filesOf(/** @type {string} */ folder) {
  const files = readdirSync(join(root, "tests", "fixtures", folder));
  return files.flatMap((file) => {
    const [, name, extension] = /^(.*)\.(onnx|tflite|keras|h5)$/.exec(file) ?? [];
    if (name === undefined || extension === undefined || !files.includes(`${name}.json`)) return [];
    const values = `${FIXTURES}${folder}/${pathOf(`${name}.json`)}`;
    return [
      { kind: `.${extension}`, name: `${folder}/${file}`, model: `${FIXTURES}${folder}/${pathOf(file)}`, values },
    ];
  });
}

/**
 * @param {{ models: readonly { name: string, path: string }[], caseFolders: readonly string[] }} given
 * @returns {{ subjects: Subject[], mounts: Record<string, string> }}
 */
export function listSubjects({ models, caseFolders }) {
  /** @type {Record<string, string>} */
  const mounts = { [FIXTURES]: join(root, "tests", "fixtures") };
  const subjects = models.map(({ name, path }) => ({
    kind: "models",
    name,
    model: `${MODELS}${path === "" ? "" : `${pathOf(...path.split(/[\\/]/))}/`}model.json`,
  }));
  const cases = caseFolders.flatMap((folder, index) => {
    const mount = index === 0 ? "/cases/" : `/cases-${index + 1}/`;
    mounts[mount] = folder;
    return casesOf(folder, mount, index === 0 ? "cases" : `cases ${index + 1}`);
  });
  const fixtures = [
    ...casesOf(join(root, "tests", "fixtures", "models"), `${FIXTURES}models/`, "graphs"),
    ...["keras-files", "tflite", "onnx", "odd"].flatMap(filesOf),
  ];
  return { subjects: [...subjects, ...cases, ...fixtures], mounts };
}

/**
 * @param {{ folder: string, models: readonly { name: string, path: string }[], caseFolders: readonly string[], engines: readonly string[],
 *   backend: string, only: readonly string[], seconds: number, json?: string | undefined }} options
 * @returns {Promise<boolean>} whether every model was right or refused on every engine
 */
export async function runEngines({ folder, models, caseFolders, engines, backend, only, seconds, json }) {
  const { subjects, mounts } = listSubjects({ models, caseFolders });
  const chosen = subjects.filter(
    ({ name }) => !UNFOUNDED.includes(name) && (only.length === 0 || only.some((part) => name.includes(part))),
  );
  for (const { name } of subjects.filter((each) => UNFOUNDED.includes(each.name)))
    console.log(`Left out, since its values do not follow from its weights: ${name}`);
  if (chosen.length === 0) throw new Error(`Expected models whose names contain ${only.join(" or ")}, received none.`);
  const startMs = performance.now();
  const tasks = chosen.map(({ kind, name, ...files }) => ({
    what: name,
    expression: (/** @type {string} */ url) => {
      const addresses = Object.entries(files).map(([key, path]) => [key, new URL(path, url).href]);
      const request = { name: `${kind}: ${name}`, engines, backend, ...Object.fromEntries(addresses) };
      return `harness.checkOnEngines(${JSON.stringify(request)})`;
    },
    failed: (/** @type {string} */ detail) => [
      /** @type {EngineRow} */ ({
        ...{
          name: `${kind}: ${name}`,
          engine: engines.join("+"),
          backend,
          verdict: "failed",
          oracle: "",
          how: "",
          detail,
        },
      }),
    ],
    tell: (/** @type {EngineRow[]} */ rows) =>
      rows
        .map(({ engine, verdict, detail }) =>
          verdict === "wrong" || verdict === "failed"
            ? `${engine} ${verdict}: ${detail.slice(0, 150)}`
            : `${engine} ${verdict}`,
        )
        .join("; "),
  }));
  const rows = await runInPages(tasks, { mounts: { ...mounts, [MODELS]: folder }, limitMs: seconds * 1000 });
  rows.sort((a, b) => a.name.localeCompare(b.name));
  printEngineRows(rows);
  console.log(`${chosen.length} models in ${Math.round((performance.now() - startMs) / 1000)} s`);
  if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify({ engines, backend, rows }, undefined, 2)}\n`);
  return rows.every(({ verdict }) => verdict === "right" || verdict === "refused");
}

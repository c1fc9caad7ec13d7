// Proves that the compiler keeps the layers apart: each forbidden import or global, compiled as if it stood in the
// layer, is an error, and what is legal there is none. Without this, one word in a tsconfig would silently end it.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

interface Layer {
  readonly folder: string;
  /** Layers it may import. */
  readonly below: readonly string[];
  /** Code that must compile there. */
  readonly legal: readonly string[];
  /** Code that must not, with the compiler's error. */
  readonly forbidden: readonly (readonly [code: string, error: string])[];
}

const noSuchName = "TS2304";
/** As above, where the compiler knows that the DOM library has the name. */
const noSuchNameWithoutDom = "TS2584";
const noSuchNodeName = "TS2591";
const noSuchExport = "TS2305";
/** The file belongs to no project that this one refers to. */
const notReferenced = "TS6307";

const noTensorFlow = [
  `import { tensor } from "@tensorflow/tfjs-core"; export const x = tensor;`,
  noSuchExport,
] as const;
const noComlink = [`import { wrap } from "comlink"; export const x = wrap;`, noSuchExport] as const;
const noNode = [`export const x = process.argv;`, noSuchNodeName] as const;
const noDom = [
  ["export const x = document.body;", noSuchNameWithoutDom],
  ["export const x = window;", noSuchName],
] as const;
/** Neither a page nor a worker: nothing but the language. */
const languageOnly = [
  ...noDom,
  noTensorFlow,
  noComlink,
  noNode,
  ["export const x = performance.now();", noSuchName],
  ["export const x = crypto.randomUUID();", noSuchName],
  ["export const x = setTimeout(() => {}, 1);", noSuchName],
  [`export const x = fetch("/");`, noSuchName],
  ["export const x = self;", noSuchName],
  ["console.log(1); export {};", noSuchNameWithoutDom],
] as const;

const layers: Record<string, Layer> = {
  core: {
    folder: "src/core",
    below: [],
    legal: ["export const x = Math.max(...new Float64Array(2));"],
    forbidden: languageOnly,
  },
  protocol: {
    folder: "src/protocol",
    below: ["core"],
    legal: ["export const x = new SharedArrayBuffer(8);"],
    forbidden: languageOnly,
  },
  model: {
    folder: "src/model",
    below: ["protocol", "core"],
    legal: [`export const x = [performance.now(), fetch("/model.json"), new TextDecoder()];`],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  pool: {
    folder: "src/pool",
    below: ["protocol", "core"],
    legal: [
      `export const x = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });`,
      `import { wrap } from "comlink"; export const x = wrap;`,
    ],
    forbidden: [noTensorFlow, noNode],
  },
  sharder: {
    folder: "src/sharder",
    below: ["pool", "model", "protocol", "core"],
    legal: ["export const x = new EventTarget();"],
    forbidden: [noTensorFlow, noComlink, noNode],
  },
  jobs: {
    folder: "src/jobs",
    below: ["sharder", "pool", "model", "protocol", "core"],
    legal: ["export const x = createImageBitmap(new Blob());"],
    forbidden: [noTensorFlow, noComlink, noNode],
  },
  ui: {
    folder: "src/ui",
    below: ["api", "jobs", "sharder", "pool", "model", "protocol", "core"],
    legal: ["export const x = document.body;"],
    forbidden: [noTensorFlow, noComlink, noNode],
  },
  api: {
    folder: "src",
    below: ["jobs", "sharder", "pool", "model", "protocol", "core"],
    legal: ["export const x = new AbortController();"],
    forbidden: [noTensorFlow, noComlink, noNode],
  },
  runtime: {
    folder: "workers/runtime",
    below: ["protocol", "core"],
    legal: [`import { expose } from "comlink"; export const x = [expose, self.name];`],
    forbidden: [...noDom, noTensorFlow, noNode],
  },
  reader: {
    folder: "workers/reader",
    below: ["model", "protocol", "core"],
    legal: [`export const x = [import("h5wasm"), new DecompressionStream("deflate-raw")];`],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  shared: {
    folder: "workers/engines/shared",
    below: ["runtime", "protocol", "core"],
    legal: ["export const x = navigator.gpu;"],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  tfjs: {
    folder: "workers/engines/tfjs",
    below: ["shared", "runtime", "model", "protocol", "core"],
    legal: [`import { tensor } from "@tensorflow/tfjs-core"; export const x = [tensor([1]), navigator.gpu];`],
    forbidden: [...noDom, noComlink, noNode],
  },
  litert: {
    folder: "workers/engines/litert",
    below: ["shared", "runtime", "model", "protocol", "core"],
    legal: [`import { LiteRt } from "@litertjs/core"; export const x = [LiteRt, navigator.gpu];`],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  onnx: {
    folder: "workers/engines/onnx",
    below: ["shared", "runtime", "model", "protocol", "core"],
    legal: [`import { Tensor } from "onnxruntime-web/wasm"; export const x = [Tensor, navigator.gpu];`],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  remote: {
    folder: "workers/engines/remote",
    below: ["shared", "runtime", "model", "protocol", "core"],
    legal: ["export const x = [fetch, self.name];"],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
  workers: {
    folder: "workers",
    below: ["tfjs", "litert", "onnx", "remote", "shared", "reader", "runtime", "model", "protocol", "core"],
    legal: ["export const x = [self.name, new OffscreenCanvas(1, 1)];"],
    forbidden: [...noDom, noTensorFlow, noComlink, noNode],
  },
};

const root = resolve(import.meta.dirname, "../..");
const scratch = join(root, ".cache", "layers");
const files = (layer: Layer) => readdirSync(join(root, layer.folder)).filter((name) => name.endsWith(".ts"));
const names = Object.keys(layers).filter((name) => files(layers[name]!).some((file) => !file.endsWith(".d.ts")));

function tsc(...args: string[]): Promise<string> {
  return new Promise((settle) => {
    const program = join(root, "node_modules/typescript/bin/tsc");
    execFile(process.execPath, [program, ...args, "--pretty", "false"], { cwd: root }, (_, stdout) => settle(stdout));
  });
}

const importOf = (target: string) => {
  const file = files(layers[target]!).find((name) => !name.endsWith(".d.ts"))!;
  return `import * as x from "../../../${layers[target]!.folder}/${file.replace(/\.ts$/, ".js")}"; export { x };`;
};

/** What to compile in a layer, by file name; `error` is undefined for what is legal. */
function snippets(name: string): { file: string; code: string; error: string | undefined; title: string }[] {
  const { below, legal, forbidden } = layers[name]!;
  return [
    ...legal.map((code) => ({ code, error: undefined })),
    ...forbidden.map(([code, error]) => ({ code, error })),
    ...names
      .filter((target) => target !== name)
      .map((target) => ({ code: importOf(target), error: below.includes(target) ? undefined : notReferenced })),
  ].map(({ code, error }, index) => ({
    code,
    error,
    file: `snippet-${index}.ts`,
    title: `${error === undefined ? "admits" : "refuses"} ${code.replaceAll("../../../", "")}`,
  }));
}

/** Compile a layer with its snippets as if they were part of it. @returns errors by snippet */
async function compile(name: string): Promise<Map<string, string[]>> {
  const folder = join(scratch, name);
  const config = join(root, layers[name]!.folder, "tsconfig.json");
  const { include, references } = JSON.parse(readFileSync(config, "utf8")) as {
    include: string[];
    references: { path: string }[];
  };
  const fromHere = (path: string) => relative(folder, join(config, "..", path)).replaceAll("\\", "/");
  mkdirSync(folder, { recursive: true });
  for (const { file, code } of snippets(name)) writeFileSync(join(folder, file), `${code}\n`);
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: fromHere("tsconfig.json"),
      compilerOptions: { outDir: "./out", tsBuildInfoFile: "./out/info" },
      include: [...include.map(fromHere), "*.ts"],
      references: references.map(({ path }) => ({ path: fromHere(path) })),
    }),
  );
  const errors = new Map<string, string[]>();
  for (const message of (await tsc("-p", folder)).split(/^(?=\S)/m)) {
    const [, place = "", error = ""] = /^(.*)\(\d+,\d+\): error (TS\d+)/.exec(message) ?? [];
    // A file that several import is reported once, in one place, with the list of the others.
    const importers = [...message.matchAll(/^ +Imported via .* from file '(.*)'/gm)].map(
      ([, importer = ""]) => importer,
    );
    for (const file of new Set([place, ...importers].map((path) => relative(folder, resolve(root, path))))) {
      errors.set(file, [...(errors.get(file) ?? []), error]);
    }
  }
  return errors;
}

const errorsOf = new Map<string, Map<string, string[]>>();
beforeAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  // The declarations that layers see of each other. Errors in them are the type check's to report.
  await tsc("-b");
  await Promise.all(names.map(async (name) => errorsOf.set(name, await compile(name))));
}, 120_000);

it("covers the layers that exist", () => {
  expect(names).toEqual(
    expect.arrayContaining([
      "core",
      "protocol",
      "model",
      "pool",
      "runtime",
      "reader",
      "shared",
      "tfjs",
      "litert",
      "onnx",
      "remote",
      "workers",
    ]),
  );
});

describe.each(names)("the layer %s", (name) => {
  it.each(snippets(name).map((snippet) => [snippet.title, snippet] as const))("%s", (_, { file, error }) => {
    expect(errorsOf.get(name)?.get(file) ?? []).toEqual(error === undefined ? [] : [error]);
  });
});

// The compiler also admits what a project's references refer to.
it("the page imports the public entries alone", () => {
  const folder = join(root, "src/ui");
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const outside = scripts.flatMap((name) => {
    const file = join(folder, name);
    const imported = readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
    return [...imported].map(([, path = ""]) => relative(root, resolve(file, "..", path)).replaceAll("\\", "/"));
  });
  const entries = new Set(outside.filter((path) => !path.startsWith("src/ui/")));
  expect(scripts.length).toBeGreaterThan(100);
  expect([...entries].toSorted()).toEqual(["src/baseline.js", "src/faults.js", "src/index.js"]);
});

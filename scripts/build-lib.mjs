// `npm run build:lib` builds the library into dist/lib as it is published: modules, workers and type declarations.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { npm, root, run, tool } from "./run.mjs";

/** Modules of src whose declarations are published. */
const entries = ["index", "faults", "baseline", "ui/element"];
const typesFolder = join(root, "dist", "lib", "types");

/** Exits with the command's code if it fails. @param {Promise<import("./run.mjs").Outcome>} outcome */
async function must(outcome) {
  const { code } = await outcome;
  if (code !== 0) process.exit(code);
}

/** Where `tsc -b` puts the declarations of a module, e.g. src/core/errors → .tsbuild/src-core/src/core/errors.d.ts */
function declarationPath(/** @type {string} */ module) {
  const layer = dirname(module) === "src" ? "src" : module.split("/").slice(0, 2).join("-");
  return join(root, ".tsbuild", layer, `${module}.d.ts`);
}

/** Copies a module's declarations and those it refers to. What no entry reaches stays private. */
function copyDeclarations(/** @type {string} */ module, /** @type {Set<string>} */ done) {
  if (done.has(module)) return;
  done.add(module);
  const source = declarationPath(module);
  const target = join(typesFolder, `${relative("src", module)}.d.ts`);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target);
  const text = readFileSync(source, "utf8");
  for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    copyDeclarations(join(dirname(module), specifier.replace(/\.(js|ts)$/, "")).replaceAll("\\", "/"), done);
  }
}

/**
 * Vite takes files of public/ to be beside the build, with an address that bundlers don't recognise. They are copied there, so that the folder
 * works by itself.
 */
function restoreFileForm() {
  const written =
    /new URL\(``\s*\+\s*new URL\(`([^`]+)`,\s*import\.meta\.url\)\.href,\s*``\s*\+\s*import\.meta\.url\)/g;
  const folder = join(root, "dist", "lib");
  const named = new Set();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const chunk = join(folder, name);
    const code = readFileSync(chunk, "utf8");
    const restored = code.replace(written, (_, address) => {
      const file = join(dirname(chunk), address);
      mkdirSync(dirname(file), { recursive: true });
      cpSync(join(root, "public", relative(folder, file)), file);
      named.add(file);
      return `new URL("${address.startsWith(".") ? address : `./${address}`}",import.meta.url)`;
    });
    if (restored !== code) writeFileSync(chunk, restored);
  }
  if (named.size === 3) return;
  console.error(
    `Expected the element to name the bundled model, its weights and the sample, received ${[...named].join(", ") || "none"}: adapt restoreFileForm.`,
  );
  process.exit(1);
}

/**
 * Vite writes a worker as `new URL(new URL("x", import.meta.url).href, "" + import.meta.url)`, with template literals
 * for the strings. That works, but the bundler of a user's project does not recognise it: it would fail, or leave out
 * what the worker loads.
 */
function restoreWorkerForm() {
  const written =
    /new URL\(new URL\(`([^`]+)`,\s*import\.meta\.url\)\.href,\s*``\s*\+\s*import\.meta\.url\),\s*\{\s*type:\s*`module`/g;
  const folder = join(root, "dist", "lib");
  let workerCount = 0;
  let leftOver = false;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const code = readFileSync(join(folder, name), "utf8");
    const restored = code.replace(written, (_, worker) => {
      workerCount++;
      return `new URL("./${worker}",import.meta.url),{type:"module"`;
    });
    leftOver ||= /``\s*\+\s*import\.meta\.url/.test(restored);
    if (restored !== code) writeFileSync(join(folder, name), restored);
  }
  if (workerCount > 0 && !leftOver) return;
  console.error(
    "Expected Vite to write worker addresses in the known form, received another: adapt restoreWorkerForm.",
  );
  process.exit(1);
}

/** A module and all that it loads at once with it, without what it loads when it is needed. */
function loadedWith(/** @type {string} */ file, /** @type {Set<string>} */ done = new Set()) {
  if (done.has(file)) return done;
  done.add(file);
  const code = readFileSync(file, "utf8");
  for (const [, specifier = ""] of code.matchAll(/\b(?:from|import)\s*["'`](\.[^"'`]+)["'`]/g)) {
    loadedWith(join(dirname(file), specifier), done);
  }
  return done;
}

/** Checks that faults are injected by code of its own, which neither the default entry nor a worker loads before it is asked to. */
function checkFaultsApart() {
  const folder = join(root, "dist", "lib");
  const assets = readdirSync(join(folder, "assets")).filter((name) => name.endsWith(".js"));
  const isInjector = (/** @type {string} */ name) => name.startsWith("fault-injector-");
  // The other entries may carry it; what they don't load are workers.
  const ofEntries = new Set(["faults.js", "element.js"].flatMap((name) => [...loadedWith(join(folder, name))]));
  const workers = assets.filter((name) => !isInjector(name) && !ofEntries.has(join(folder, "assets", name)));
  const scripts = ["index.js", ...workers.map((name) => join("assets", name))];
  const carriers = scripts.filter((script) =>
    [...loadedWith(join(folder, script))].some((file) =>
      /Expected memory for a shard|was killed on purpose/.test(readFileSync(file, "utf8")),
    ),
  );
  const engineCount = assets.filter((name) =>
    readFileSync(join(folder, "assets", name), "utf8").includes("import(`./fault-injector-"),
  ).length;
  const injectorCount = assets.filter(isInjector).length;
  // An injector that imported from its worker's script would run that script again where it was loaded under another address.
  const dependent = assets.filter((name) => isInjector(name) && loadedWith(join(folder, "assets", name)).size > 1);
  if (carriers.length === 0 && dependent.length === 0 && injectorCount > 0 && engineCount >= injectorCount) return;
  console.error(
    `Expected fault injectors in chunks of their own, one beside the engine workers, received ${injectorCount} for ${engineCount} workers; ` +
      `fault code is loaded by: ${carriers.join(", ") || "none"}; chunks that import others: ${dependent.join(", ") || "none"}.`,
  );
  process.exit(1);
}

/** What a published package may contain: the library, its declarations, the bundled model and the sample that the element shows. */
const PACKED =
  /^(LICENSE|NOTICE|README\.md|CHANGELOG\.md|package\.json|public\/models\/.+|dist\/lib\/([\w-]+\.js|assets\/[^/]+\.(js|wasm)|types\/.+\.d\.ts|models\/.+|samples\/sample\.png))$/;

/** Asks npm which files it would publish, and refuses those that no user needs. @returns {Promise<string[]>} relative to the root. */
async function packedFiles() {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel", "error"];
  const { code, output } = await npm(args, { quiet: true });
  if (code !== 0) {
    console.error(`Expected npm to list the package's files, received: ${output}`);
    process.exit(code);
  }
  const [{ files }] = /** @type {[{ files: { path: string }[] }]} */ (JSON.parse(output.slice(output.indexOf("["))));
  const paths = files.map(({ path }) => path);
  const others = paths.filter((path) => !PACKED.test(path));
  if (others.length === 0 && paths.length > 50) return paths;
  console.error(
    `Expected the package to contain only the library and its model, received ${paths.length} files, among them ${others.join(", ") || "too few"}.`,
  );
  process.exit(1);
}

/** Checks that a project that has installed the package can resolve it, with and without a bundler, and find every declaration. */
async function checkAsConsumer() {
  const folder = join(root, ".cache", "consumer");
  rmSync(folder, { recursive: true, force: true });
  const installed = join(folder, "node_modules", "inference-sharder");
  for (const path of await packedFiles()) cpSync(join(root, path), join(installed, path));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(folder, "consumer.ts"),
    `import { createSharder } from "inference-sharder";
import * as faults from "inference-sharder/faults";
import * as baseline from "inference-sharder/baseline";
import { defineInferenceSharder, InferenceSharderElement } from "inference-sharder/element";
// A missing declaration would make these \`any\`.
type IsAny<T> = 0 extends 1 & T ? true : false;
export const typed: [IsAny<typeof createSharder>, IsAny<typeof faults>, IsAny<typeof baseline>] = [false, false, false];
export const typesElement: IsAny<InferenceSharderElement> = false;
export const sharder = createSharder({ model: "model.json" });
defineInferenceSharder();
const element = document.createElement("inference-sharder");
element.addEventListener("done", ({ detail }) => console.log(detail.itemCount));
element.addEventListener("progress", ({ detail }) => console.log(detail.fraction));
element.addEventListener("click", ({ clientX }) => console.log(clientX));
element.job = "model";
void sharder.then((own) => (element.sharder = own));
`,
  );
  for (const [module, moduleResolution] of /** @type {const} */ ([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])) {
    const options = { module, moduleResolution, target: "es2022", lib: ["es2022", "dom", "dom.iterable"] };
    const config = join(folder, `tsconfig.${moduleResolution}.json`);
    const compilerOptions = { ...options, strict: true, noEmit: true, skipLibCheck: false, types: [] };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    await must(tool("typescript", ["-p", config]));
  }
  // A page may be rendered on a server, where importing the package must not fail.
  writeFileSync(
    join(folder, "server.mjs"),
    `await import("inference-sharder");\nawait import("inference-sharder/element");\n`,
  );
  await must(run(process.execPath, [join(folder, "server.mjs")]));
}

rmSync(join(root, "dist", "lib"), { recursive: true, force: true });
await must(tool("typescript", ["-b", "src/ui"]));
await must(tool("vite", ["build", "--logLevel", "warn", "--mode", "lib"]));
restoreFileForm();
restoreWorkerForm();
checkFaultsApart();
const copied = new Set();
for (const entry of entries) copyDeclarations(`src/${entry}`, copied);
await checkAsConsumer();

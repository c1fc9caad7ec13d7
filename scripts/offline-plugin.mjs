// Tells the service worker which files its build has: a list in front of its script, with a version that changes with any of them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const script = "service-worker.js";
/** What the page's script starts beside itself on every machine: the workers without an engine, and WASM's with its SIMD binary. */
const firstWorkers =
  /^assets\/(picture|planner|journal|model-reader|fault-injector|wasm|tfjs-backend-wasm-simd)-[^/]+$/;

/** Files below a folder, relative to it, with "/" between folders. @param {string} folder */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => name.replaceAll("\\", "/"));
}

/**
 * A script and those that it imports, at once or later.
 * @param {import("vite").Rolldown.OutputBundle} bundle
 * @param {string} name
 * @param {Set<string>} found
 */
function loadedWith(bundle, name, found = new Set()) {
  const chunk = bundle[name];
  if (found.has(name) || chunk?.type !== "chunk") return found;
  found.add(name);
  for (const imported of [...chunk.imports, ...chunk.dynamicImports]) loadedWith(bundle, imported, found);
  return found;
}

/**
 * @param {string} folder of the build
 * @param {import("vite").Rolldown.OutputBundle} bundle
 * @param {readonly string[]} copied files that the build leaves as they are
 */
function offlineBuild(folder, bundle, copied) {
  const names = [...new Set([...Object.keys(bundle), ...copied])];
  const hash = createHash("sha256");
  for (const name of names.toSorted()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  const kept = names.filter((name) => name !== script && name !== "index.html" && !name.endsWith(".map"));
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const entry = /<script[^>]+src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1];
  if (entry === undefined)
    throw new Error("Expected index.html to name its script, received none: adapt offlineBuild.");
  const scripts = loadedWith(bundle, entry);
  const isFirst = (/** @type {string} */ name) =>
    scripts.has(name) || name.endsWith(".css") || copied.includes(name) || firstWorkers.test(name);
  return {
    version: hash.digest("hex").slice(0, 12),
    entry,
    first: kept.filter(isFirst),
    onUse: kept.filter((name) => !isFirst(name)),
  };
}

/** @returns {import("vite").Plugin} */
export function offlinePlugin() {
  let publicDir = "";
  return {
    name: "inference-sharder:offline",
    apply: "build",
    configResolved(config) {
      publicDir = config.publicDir;
    },
    // On disk, everything is there: Vite adds the page and the workers' files late.
    writeBundle({ dir = "" }, bundle) {
      const path = join(dir, script);
      const list = JSON.stringify(offlineBuild(dir, bundle, filesBelow(publicDir)));
      writeFileSync(path, `self.OFFLINE_BUILD=${list};\n${readFileSync(path, "utf8")}`);
    },
  };
}

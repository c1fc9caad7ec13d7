// Installs the dependencies where they are missing or are not those of package-lock.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root } from "./run.mjs";

/**
 * Compares contents, since a checkout or a restored cache says nothing by its times: npm writes what it has
 * installed to node_modules/.package-lock.json, as its last act.
 */
function isInstalled() {
  /** @param {string} path @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }>} */
  const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  try {
    const installed = packagesOf("node_modules/.package-lock.json");
    return Object.entries(packagesOf("package-lock.json")).every(([path, wanted]) => {
      if (path === "") return true;
      const found = installed[path];
      // Optional ones are binaries for other platforms, which npm leaves out.
      return found === undefined ? wanted.optional === true : found.version === wanted.version;
    });
  } catch {
    return false;
  }
}

/** Make node_modules what package-lock.json says; exits the process with npm's code where that fails. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  console.log("Installing dependencies …");
  const { code } = await npm(["ci", "--no-audit", "--no-fund", "--include=dev"]);
  if (code === 0) return;
  console.error("The dependencies could not be installed (npm's message is above). Is there a network connection?");
  process.exit(code);
}

// Installs the dependencies if some are missing or differ from package-lock.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root } from "./run.mjs";

/**
 * Compares contents, since the times of a checkout or a restored cache mean nothing. As its last step, npm writes what
 * it has installed to node_modules/.package-lock.json.
 */
function isInstalled() {
  /** @param {string} path @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }>} */
  const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  try {
    const installed = packagesOf("node_modules/.package-lock.json");
    return Object.entries(packagesOf("package-lock.json")).every(([path, wanted]) => {
      if (path === "") return true;
      const found = installed[path];
      // Optional packages are binaries for other platforms, which npm leaves out.
      return found === undefined ? wanted.optional === true : found.version === wanted.version;
    });
  } catch {
    return false;
  }
}

/** Makes node_modules match package-lock.json. Exits the process with npm's code if that fails. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  console.log("Installing dependencies …");
  const { code } = await npm(["ci", "--no-audit", "--no-fund", "--include=dev"]);
  if (code === 0) return;
  console.error("The dependencies could not be installed; npm's message is above. Check the network connection.");
  process.exit(code);
}

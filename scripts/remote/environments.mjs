// The Python environments of the servers that `npm run test:remote` starts: one each, kept between runs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root, run } from "../run.mjs";

/** @typedef {"kserve" | "mlserver"} ServerName */

const serverNames = /** @type {const} */ (["kserve", "mlserver"]);

/** Both servers and ONNX Runtime have packages for these. */
const pythons = ["python3.12", "python3.11", "python3", "python"];

/** Outside the repository: an environment takes some hundred megabytes. SHARDER_SERVERS names another folder. */
function serversFolder() {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return process.env["SHARDER_SERVERS"] || join(cache, "inference-sharder", "servers");
}

/** @param {ServerName} name */
function requirementsOf(name) {
  return join(root, "tests", "remote", "servers", `requirements-${name}.txt`);
}

/** @param {ServerName} name */
function environmentOf(name) {
  const folder = join(serversFolder(), name);
  const marker = join(folder, "installed.txt");
  const wanted = createHash("sha256")
    .update(readFileSync(requirementsOf(name)))
    .digest("hex");
  const isReady = existsSync(marker) && readFileSync(marker, "utf8") === wanted;
  return { folder, marker, wanted, isReady };
}

/** The path of a program in a server's environment. @param {ServerName} name @param {string} program "python", or a script of a package */
export function programOf(name, program) {
  return join(environmentOf(name).folder, "bin", program);
}

/** A Python that both servers run on. @returns {Promise<string | undefined>} its name on the PATH */
async function findPython() {
  // On Windows the servers' own dependencies, uvloop among them, can't be installed.
  if (process.platform === "win32") return undefined;
  const code = "import ensurepip, sys, venv; sys.exit(not ((3, 11) <= sys.version_info < (3, 13)))";
  for (const name of pythons) {
    const outcome = await run(name, ["-c", code], { quiet: true, timeoutMs: 20_000 });
    if (outcome.code === 0) return name;
  }
  return undefined;
}

/** Why the servers can't be started right now, without installing anything; `undefined` if they can. @returns {Promise<string | undefined>} */
export async function whyNotReady() {
  if ((await findPython()) === undefined) return "no Python 3.11 or 3.12 with venv is on the PATH";
  const missing = serverNames.filter((name) => !environmentOf(name).isReady);
  return missing.length > 0 ? `${missing.join(" and ")} not installed: npm run test:remote does it` : undefined;
}

/**
 * Install what is missing, or what other requirements have asked for.
 * @param {number} timeoutMs for each server
 * @throws Error that says what to do
 */
export async function ensureEnvironments(timeoutMs) {
  for (const name of serverNames) {
    const { folder, marker, wanted, isReady } = environmentOf(name);
    if (isReady) continue;
    const python = await findPython();
    if (python === undefined) {
      throw new Error("Expected Python 3.11 or 3.12 with venv on the PATH, received neither: install one of them.");
    }
    console.log(`Installing ${name} into ${folder} …`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const made = await run(python, ["-m", "venv", folder], { timeoutMs });
    const install = ["install", "--quiet", "--disable-pip-version-check", "-r", requirementsOf(name)];
    const { code } = made.code === 0 ? await run(join(folder, "bin", "pip"), install, { timeoutMs }) : made;
    if (code !== 0) throw new Error(`Expected ${name} to be installed, received what is above: check the network.`);
    writeFileSync(marker, wanted);
  }
}

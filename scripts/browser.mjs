// Finds a Chromium for the tests and benchmarks, and installs one where there is none.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, tool } from "./run.mjs";

const isRoot = process.getuid?.() === 0;

/** Where browsers are when they are not on the PATH, and the names they have on it. */
function candidates() {
  const { PATH = "", LOCALAPPDATA, PROGRAMFILES, "PROGRAMFILES(X86)": programFilesX86, HOME = "" } = process.env;
  if (process.platform === "win32") {
    const folders = [PROGRAMFILES, programFilesX86, LOCALAPPDATA].filter((folder) => folder !== undefined);
    const paths = ["Google\\Chrome\\Application\\chrome.exe", "Chromium\\Application\\chrome.exe"];
    return folders.flatMap((folder) => paths.map((path) => join(folder, path)));
  }
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const onPath = PATH.split(delimiter).flatMap((folder) => (folder ? names.map((name) => join(folder, name)) : []));
  if (process.platform !== "darwin") return onPath;
  const apps = ["Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium"];
  return [
    ...onPath,
    ...["/Applications", join(HOME, "Applications")].flatMap((dir) => apps.map((app) => join(dir, app))),
  ];
}

/** Some are stubs that ask for another package, some lack libraries: only one that says its version can be used. */
async function works(/** @type {string} */ path) {
  if (!existsSync(path)) return false;
  // On Windows `--version` opens a window instead.
  if (process.platform === "win32") return true;
  const { code, output } = await run(path, ["--version"], { quiet: true, timeoutMs: 20_000 });
  return code === 0 && /Chrom/.test(output);
}

/** The browser that Playwright has downloaded, or would download. `undefined` before `npm ci`. */
async function playwrightPath() {
  const playwright = await import("playwright").catch(() => undefined);
  return playwright?.chromium.executablePath();
}

/**
 * The Chromium to use: that of the environment's SHARDER_CHROMIUM, one installed on the machine, Playwright's own.
 * @returns {Promise<string | undefined>} path of the executable; nothing is installed
 * @throws where SHARDER_CHROMIUM is set but does not work: falling back silently would test another browser than asked
 */
export async function findChromium() {
  const named = process.env["SHARDER_CHROMIUM"];
  if (named) {
    if (await works(named)) return named;
    throw new Error(`Expected SHARDER_CHROMIUM to be the path of a working Chromium, received "${named}".`);
  }
  for (const path of candidates()) {
    if (await works(path)) return path;
  }
  const own = await playwrightPath();
  return own !== undefined && (await works(own)) ? own : undefined;
}

async function installWithApt() {
  // -q, and no question: there may be nobody to answer it.
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 300_000 };
  const { code } = await run("apt-get", ["-q", "update"], options);
  if (code === 0) await run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "chromium"], options);
}

async function installWithPlaywright() {
  // The headless shell has no WebGPU; only the full browser is of use.
  await tool("playwright", ["install", "--no-shell", "chromium"], { timeoutMs: 300_000 });
}

/**
 * As `findChromium`, and installs one where there is none: Playwright's download, or the distribution's package.
 * @returns {Promise<string>} path of the executable
 * @throws Error that says what to do
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found !== undefined) return found;
  const installers = [installWithPlaywright];
  if (isRoot && existsSync("/usr/bin/apt-get")) {
    // A CI container often reaches its package mirror only, where the download would take minutes to give up.
    if (process.env["CI"]) installers.unshift(installWithApt);
    else installers.push(installWithApt);
  }
  for (const install of installers) {
    console.log("No Chromium found; installing one …");
    await install();
    const installed = await findChromium();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "No Chromium was found and none could be installed: install Chromium or Chrome, or set SHARDER_CHROMIUM to its path.",
  );
}

/**
 * Command-line flags for a headless Chromium that has WebGPU and WebGL in workers. With SHARDER_GPU=1 they are those
 * of the machine's GPU; without, they are computed in software (SwiftShader), the same on every machine.
 */
export function chromiumArgs() {
  const software = ["--use-webgpu-adapter=swiftshader", "--enable-unsafe-swiftshader"];
  // Headless Chromium on Linux reaches the GPU through Vulkan alone, without a surface to present to.
  const hardware =
    process.platform === "linux" ? ["--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface"] : [];
  return [
    "--enable-unsafe-webgpu",
    ...(process.env["SHARDER_GPU"] === "1" ? hardware : software),
    // Chromium refuses to run as root with its sandbox.
    ...(isRoot ? ["--no-sandbox"] : []),
    // Nothing in the background: it would disturb measurements, and needs a network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ];
}

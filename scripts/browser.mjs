// Finds a Chromium for the tests and benchmarks, and installs one if there is none.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, tool } from "./run.mjs";

const isRoot = process.getuid?.() === 0;

/** Paths of browsers outside the PATH, and their names on it. */
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

/** Some are stubs that ask for another package, and some lack libraries. A browser works if it prints its version. */
async function works(/** @type {string} */ path) {
  if (!existsSync(path)) return false;
  // On Windows, `--version` opens a window instead.
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
 * The Chromium to use: that of the environment variable SHARDER_CHROMIUM, else one installed on the machine, else
 * Playwright's own. Installs nothing.
 * @returns {Promise<string | undefined>} path of the executable
 * @throws if SHARDER_CHROMIUM is set but does not work: a silent fallback would test a browser that nobody chose
 */
export async function findChromium() {
  const named = process.env["SHARDER_CHROMIUM"];
  if (named) {
    if (await works(named)) return named;
    throw new Error(
      `Expected SHARDER_CHROMIUM to be the path of a working Chromium, received "${named}": correct or unset it.`,
    );
  }
  for (const path of candidates()) {
    if (await works(path)) return path;
  }
  const own = await playwrightPath();
  return own !== undefined && (await works(own)) ? own : undefined;
}

async function installWithApt() {
  // -q, and no questions, which nobody may be there to answer.
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 300_000 };
  const { code } = await run("apt-get", ["-q", "update"], options);
  if (code === 0) await run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "chromium"], options);
}

async function installWithPlaywright() {
  // Only the full browser will do: the headless shell has no WebGPU.
  await tool("playwright", ["install", "--no-shell", "chromium"], { timeoutMs: 300_000 });
}

/**
 * Like `findChromium`, but installs one if there is none: Playwright's download, or the distribution's package.
 * @returns {Promise<string>} path of the executable
 * @throws Error that says what to do
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found !== undefined) return found;
  const installers = [installWithPlaywright];
  if (isRoot && existsSync("/usr/bin/apt-get")) {
    // A CI container often reaches only its package mirror, and the download would take minutes to give up.
    if (process.env["CI"]) installers.unshift(installWithApt);
    else installers.push(installWithApt);
  }
  for (const install of installers) {
    console.log("No Chromium was found. Installing one …");
    await install();
    const installed = await findChromium();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "Expected a Chromium, received none and could not install one: install Chromium or Chrome, or set SHARDER_CHROMIUM to its path.",
  );
}

/**
 * Command-line flags for a headless Chromium with WebGPU and WebGL in workers. With SHARDER_GPU=1 they use the
 * machine's GPU; otherwise they are computed in software (SwiftShader), which is the same on every machine.
 */
export function chromiumArgs() {
  const software = ["--use-webgpu-adapter=swiftshader", "--enable-unsafe-swiftshader"];
  // On Linux, headless Chromium reaches the GPU only through Vulkan, without a surface to present to.
  const hardware =
    process.platform === "linux" ? ["--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface"] : [];
  return [
    "--enable-unsafe-webgpu",
    ...(process.env["SHARDER_GPU"] === "1" ? hardware : software),
    // Chromium refuses to run as root with its sandbox.
    ...(isRoot ? ["--no-sandbox"] : []),
    // Background work would disturb measurements and needs a network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ];
}

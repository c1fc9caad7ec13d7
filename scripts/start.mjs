// `npm start` installs what is missing, builds what is stale, serves the page and opens it.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { endChildren, root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

const defaultPort = 4173;
const buildInputs = ["index.html", "vite.config.ts", "package.json", "package-lock.json", "src", "workers", "public"];

/** Latest change under a path, ms. The times of folders count, since they change when a file is deleted. */
function lastChangeMs(/** @type {string} */ path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  let latestMs = info.mtimeMs;
  if (info.isDirectory()) {
    for (const name of readdirSync(path)) latestMs = Math.max(latestMs, lastChangeMs(join(path, name)));
  }
  return latestMs;
}

async function ensureBuilt() {
  const page = join(root, "dist", "index.html");
  if (
    existsSync(page) &&
    statSync(page).mtimeMs > Math.max(...buildInputs.map((path) => lastChangeMs(join(root, path))))
  ) {
    return;
  }
  console.log("Building …");
  const { code } = await tool("vite", ["build", "--logLevel", "warn"]);
  if (code !== 0) process.exit(code);
}

async function listen() {
  const asked = process.env["PORT"];
  if (asked !== undefined && !/^\d{1,5}$/.test(asked)) {
    throw new Error(`Expected PORT to be a number from 0 to 65535, received "${asked}": correct or unset it.`);
  }
  const firstPort = Number(asked ?? defaultPort);
  // Users rely on a port that they set, so only the default port falls back to the next one.
  const lastPort = asked === undefined ? firstPort + 50 : firstPort;
  for (let port = firstPort; ; port++) {
    try {
      return await serve({ root: join(root, "dist"), port, host: "127.0.0.1" });
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!taken) throw error;
      if (port === lastPort)
        throw new Error(`Expected a free port, received ${port}, which is taken: set PORT to a free one.`, {
          cause: error,
        });
    }
  }
}

/** Opens the address in the user's browser if there is a display. Otherwise the printed address has to do. */
function openBrowser(/** @type {string} */ url) {
  const { CI, BROWSER, DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.argv.includes("--no-open") || CI || BROWSER === "none") return;
  const commands = /** @type {Record<string, [string, ...string[]]>} */ ({
    darwin: ["open", url],
    win32: ["cmd", "/c", "start", "", url],
    ...(DISPLAY || WAYLAND_DISPLAY ? { linux: ["xdg-open", url] } : {}),
  });
  const command = commands[process.platform];
  if (command === undefined) return;
  const [program, ...args] = command;
  const child = spawn(program, args, { detached: true, stdio: "ignore" });
  child.once("error", () => {});
  child.unref();
}

let end = async () => {
  endChildren();
  process.exit(130);
};
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end());

try {
  await ensureInstalled();
  await ensureBuilt();
  const { url, close } = await listen();
  end = async () => {
    await close();
    process.exit(0);
  };
  console.log(`\n  The inference sharder is at ${url}\n  Ctrl-C ends it.\n`);
  openBrowser(url);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

// Child processes for the scripts. It uses only Node's own modules, since `start` and `test` run before anything is
// installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** @typedef {{ code: number, output: string, timedOut: boolean }} Outcome */

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * A timeout must also end the grandchildren (test runner → browser), so each child leads its own process group. Then
 * the terminal's Ctrl-C no longer reaches it, and `endChildren` passes it on.
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
    else process.kill(-child.pid, signal);
  } catch {
    // It has already ended.
  }
}

/** For signal handlers: without it, Ctrl-C would leave builds and browsers behind. */
export function endChildren() {
  for (const child of running) endGroup(child, "SIGTERM");
}

/**
 * Run a program to its end. Never throws: a program that can't be started has code 127.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, timeoutMs?: number, quiet?: boolean, shell?: boolean }} [options] `quiet` collects
 *   the output in `Outcome.output` instead of showing it.
 * @returns {Promise<Outcome>}
 */
export function run(program, args, { env = {}, timeoutMs, quiet = false, shell = false } = {}) {
  return new Promise((settle) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      detached: process.platform !== "win32",
      shell,
    });
    running.add(child);
    let output = "";
    let timedOut = false;
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    const timers = /** @type {NodeJS.Timeout[]} */ ([]);
    if (timeoutMs !== undefined) {
      timers.push(
        setTimeout(() => {
          timedOut = true;
          endGroup(child, "SIGTERM");
          timers.push(setTimeout(() => endGroup(child, "SIGKILL"), 5_000));
        }, timeoutMs),
      );
    }
    /** @param {number} code */
    const end = (code) => {
      timers.forEach(clearTimeout);
      running.delete(child);
      settle({ code, output, timedOut });
    };
    child.once("error", (error) => {
      output += String(error);
      end(127);
    });
    child.once("close", (code) => end(code ?? 1));
  });
}

/**
 * Run a development tool by the path that its package names, without `npx`, the PATH or a shell.
 * @param {string} packageName
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function tool(packageName, args, options) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const path = typeof bin === "string" ? bin : (bin[packageName] ?? Object.values(bin)[0]);
  return run(process.execPath, [join(folder, path), ...args], options);
}

/**
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function npm(args, options) {
  // Under `npm start`, npm states where its own code is. Otherwise it is on the PATH; on Windows it is a .cmd, which
  // needs a shell.
  const own = process.env["npm_execpath"];
  if (own !== undefined && /npm-cli\.c?js$/.test(own) && existsSync(own)) {
    return run(process.execPath, [own, ...args], options);
  }
  return run("npm", args, { ...options, shell: process.platform === "win32" });
}

/** Makes Ctrl-C and the end of a CI job also end the child processes. */
export function endChildrenOnSignals() {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      endChildren();
      process.exit(130);
    });
  }
}

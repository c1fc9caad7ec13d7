// What tests start ends with them, even if the run is killed at once.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startProcess } from "./processes.js";

/** Two in one group: the first writes the numbers of both, and waits for the other. */
const PAIR = ["-c", "sleep 300 & echo $$ $!; wait"];

/** The machine may be busy. */
const patience = { timeout: 30_000 };

/** Neither ended nor waiting for somebody to notice that it has. */
function isRunning(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

async function pidsIn(log: string): Promise<number[]> {
  await expect.poll(() => readFileSync(log, { encoding: "utf8", flag: "a+" }), patience).toMatch(/^\d+ \d+\n/);
  return readFileSync(log, "utf8").trim().split(" ").map(Number);
}

async function inFolder(run: (log: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "processes-"));
  try {
    await run(join(folder, "log.txt"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.each(["running", "paused"])("a group that is %s ends when the run that has started it is killed", (state) =>
  inFolder(async (log) => {
    // The tests' own code, in a process that stands for the run.
    const script = `
      import { runnerImport } from "vite";
      const { module } = await runnerImport("tests/remote/processes.ts");
      const started = module.startProcess("sh", ${JSON.stringify(PAIR)}, { log: ${JSON.stringify(log)} });
      ${state === "paused" ? "setTimeout(() => started.pause(), 500);" : ""}
      setInterval(() => {}, 1000);`;
    const run = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    const pids = await pidsIn(log).finally(() => setTimeout(() => run.kill("SIGKILL"), 1_000));
    expect(pids.map(isRunning)).toEqual([true, true]);
    await expect.poll(() => pids.map(isRunning), patience).toEqual([false, false]);
  }),
);

it("is ended by the test itself, with what it has started", () =>
  inFolder(async (log) => {
    const started = startProcess("sh", PAIR, { log });
    const pids = await pidsIn(log);
    await started.kill();
    await expect.poll(() => pids.map(isRunning), patience).toEqual([false, false]);
  }));

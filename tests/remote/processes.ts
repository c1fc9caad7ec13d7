// Processes that tests start, stop, pause and kill: each leads a group of its own, which ends when the test run does, however that ends.
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createServer, type AddressInfo } from "node:net";

export interface RunningProcess {
  /** Stop it from running, as a machine that hangs: its connections stay open. */
  pause(): void;
  resume(): void;
  /** End it at once, as a crash does. Resolves once it has ended; of no effect on one that has. */
  kill(): Promise<void>;
}

/** Start a program. @param log what it writes goes to this file. */
export function startProcess(
  program: string,
  args: readonly string[],
  { log, env = {}, cwd }: { log: string; env?: Record<string, string>; cwd?: string },
): RunningProcess {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = createWriteStream(log, { flags: "a" });
  // A log that can't be written, since another run has cleared the reports, is no reason to fail.
  output.on("error", () => {});
  for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false });
  const ended = new Promise<void>((settle) => {
    child.once("error", (error) => {
      output.write(`${error}\n`);
      settle();
    });
    child.once("exit", () => settle());
  });
  const watcher = watch(child);
  return {
    pause: () => signal(child, "SIGSTOP"),
    resume: () => signal(child, "SIGCONT"),
    async kill() {
      signal(child, "SIGKILL");
      await ended;
      // Not before: it is what ends the group if this run is killed meanwhile.
      watcher?.kill("SIGKILL");
      output.end();
    },
  };
}

/**
 * End a process and its group when this one ends. What was killed at once runs no handlers, but its pipes are closed for it: so a shell,
 * in a group of its own, reads from one until then. A group that is paused is killed, too.
 */
function watch({ pid }: ChildProcess): ChildProcess | undefined {
  if (pid === undefined) return undefined;
  const watcher = spawn("sh", ["-c", 'cat >/dev/null; kill -s KILL -- "-$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.unref();
  return watcher;
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}

/** Ports that nothing listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** Wait until an address answers with 200. @throws Error naming the log if it does not in time. */
export async function waitUntilReady(url: string, log: string, timeoutMs = 90_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (Date.now() < endMs) {
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return;
    await new Promise((settle) => setTimeout(settle, 100));
  }
  throw new Error(`Expected ${url} to answer within ${timeoutMs / 1000} s, received nothing: see ${log}.`);
}

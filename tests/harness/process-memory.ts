import { readFileSync } from "node:fs";
import type { OpenPage } from "./launch.js";

/** Memory of the page's process with all its workers, or the highest that it was, bytes; `undefined` on systems other than Linux. */
export async function processBytes({ browser }: OpenPage, what: "now" | "peak"): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const line = what === "now" ? /VmRSS:\s*(\d+) kB/ : /VmHWM:\s*(\d+) kB/;
  const sizes = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => 1024 * Number(line.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]));
  return Math.max(...sizes);
}

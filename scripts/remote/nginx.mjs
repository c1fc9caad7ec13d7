// Finds nginx, which stands in front of the servers as a gateway, and installs the distribution's if there is none.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "../run.mjs";

/** @returns {string | undefined} its path */
export function findNginx() {
  // It is often installed where only root's PATH looks.
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
  ];
  return folders.map((folder) => join(folder, "nginx")).find((path) => existsSync(path));
}

/** @returns {Promise<string>} its path @throws Error that says what to do */
export async function ensureNginx() {
  const found = findNginx();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log("No nginx was found. Installing one …");
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 300_000 };
    const { code } = await run("apt-get", ["-q", "update"], options);
    if (code === 0) await run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "nginx-light"], options);
    const installed = findNginx();
    if (installed !== undefined) return installed;
  }
  throw new Error("Expected nginx on this machine, received none: install it (apt-get install nginx-light).");
}

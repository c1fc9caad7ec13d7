import { ShardError } from "../../index.js";
import type { ChosenPicture } from "./picture-job.js";

/**
 * @param address of a picture, relative to the page.
 * @throws ShardError "picture-unreadable"
 */
export async function loadSample(address: string, signal: AbortSignal): Promise<ChosenPicture> {
  const { href, pathname } = new URL(address, document.baseURI);
  let received: string;
  try {
    const response = await fetch(href, { signal });
    if (response.ok) return { blob: await response.blob(), name: fileNameOf(pathname) };
    received = `HTTP status ${response.status}`;
  } catch (cause) {
    received = String(cause);
  }
  throw new ShardError(
    "picture-unreadable",
    `Expected a picture at ${href}, received ${received}: choose a picture of your own.`,
  );
}

function fileNameOf(pathname: string): string {
  const name = pathname.split("/").at(-1) || "sample";
  try {
    return decodeURIComponent(name);
  } catch {
    // Addresses may hold any percent signs.
    return name;
  }
}

import { savedName } from "../parts/format.js";
import type { PictureJob } from "./picture-job.js";

/** The browser has taken the file over long before. */
const REVOKE_AFTER_MS = 60_000;

/** Encode the result off the page's thread, then hand it to the browser as a download. */
export async function savePng(job: PictureJob, scale: number): Promise<void> {
  if (job.result === undefined) return;
  const address = URL.createObjectURL(await job.result.toPng());
  const link = document.createElement("a");
  link.href = address;
  link.download = savedName(job.picture.name, scale);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}

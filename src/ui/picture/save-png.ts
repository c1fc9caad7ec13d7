import type { PictureJob } from "./picture-job.js";

/** By then the browser has long taken over the file. */
const REVOKE_AFTER_MS = 60_000;

/** Encode the result off the page's thread, then give it to the browser as a download. */
export async function savePng(job: PictureJob, scale: number): Promise<void> {
  if (job.result === undefined) return;
  const address = URL.createObjectURL(await job.result.toPng());
  const link = document.createElement("a");
  link.href = address;
  link.download = savedName(job.picture.name, scale);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}

/** The name of the saved file: "cat.jpg" enlarged ×2 becomes "cat-x2.png". */
export function savedName(name: string, scale: number): string {
  return `${name.replace(/\.[^.]*$/, "") || "picture"}-x${scale}.png`;
}

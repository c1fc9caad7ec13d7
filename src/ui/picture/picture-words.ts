import type { PictureLoss, WorkerSnapshot } from "../../index.js";
import { formatCount } from "../parts/format.js";
import type { PictureJob, PictureSize } from "./picture-job.js";

/** What the tab does and why, for those who see nothing else. It is there before anyone knows whether there is a GPU. */
export const PITCH =
  "A neural network enlarges pictures on every core and any GPU of this machine. No picture leaves it.";

/** "480 × 320 → 960 × 640". */
export function sizesText({ width, height }: PictureSize, scale: number): string {
  return `${width} × ${height} → ${width * scale} × ${height * scale}`;
}

/** What the result keeps of the file, and what it does not; empty for most pictures. */
export function lossText({ colourSpace, losses }: Pick<PictureJob, "colourSpace" | "losses">): string {
  const wide = colourSpace === "display-p3" ? "Display P3" : "sRGB";
  const words: Readonly<Record<PictureLoss, string>> = {
    colours: `It has colours beyond ${wide}, which become the nearest ones that ${wide} has.`,
    depth: "Its colours have more than 8 bits per channel; the result has 8.",
    frames: "It is an animation, of which only the first frame is enlarged.",
  };
  const kept = colourSpace === "display-p3" && !losses.includes("colours") ? ["Its Display P3 colours are kept."] : [];
  return [...kept, ...losses.map((loss) => words[loss])].join(" ");
}

/** "Model upscale-x2 on 3 workers: 2 × wasm, 1 × webgpu". @param model its address; `undefined`: not known. */
export function runsWithText(model: string | undefined, workers: readonly WorkerSnapshot[]): string {
  const alive = workers.filter(({ state }) => state !== "dead");
  if (alive.length === 0) return "";
  const counts = new Map<string, number>();
  for (const { backend } of alive) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  const backends = [...counts].map(([backend, count]) => `${count} × ${backend}`).join(", ");
  const name = model === undefined ? "A model" : `The model ${modelName(model)}`;
  return `${name} runs on ${formatCount(alive.length, "worker")}: ${backends}.`;
}

/** The folder of a model.json, or else the file's own name. */
export function modelName(address: string): string {
  const parts = address
    .split(/[?#]/)[0]!
    .split("/")
    .filter((part) => part !== "");
  const file = parts.at(-1) ?? address;
  return file === "model.json" ? (parts.at(-2) ?? file) : file;
}

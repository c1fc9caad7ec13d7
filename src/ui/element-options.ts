import { BACKEND_NAMES, ShardError, type WorkerSpec } from "../index.js";

export interface ElementOptions {
  /** Address of the super-resolution model, relative to the page. */
  readonly model: string;
  /** Address of the picture that is enlarged first; empty to start without one. */
  readonly sample: string;
  readonly workers: "auto" | readonly WorkerSpec[];
  /** Side of the tiles in pixels, halo included; `undefined` chooses it by the picture's size. */
  readonly tileSize: number | undefined;
}

/** The attributes. The page's address can set them too: `?workers=wasm,wasm&tile=96`. */
export const OPTION_NAMES = ["model", "sample", "workers", "tile", "embed"] as const;

/**
 * Read the attributes `model`, `sample`, `workers` ("auto", or a comma-separated list with one backend per worker) and
 * `tile` (pixels).
 * @throws ShardError "invalid-options", "unknown-backend"
 */
export function readOptions(element: Element): ElementOptions {
  return {
    model: element.getAttribute("model") ?? "models/upscale-x2/model.json",
    sample: element.getAttribute("sample") ?? "samples/sample.png",
    workers: readWorkers(element.getAttribute("workers") ?? "auto"),
    tileSize: readTileSize(element.getAttribute("tile")),
  };
}

function readWorkers(text: string): "auto" | readonly WorkerSpec[] {
  if (text === "auto" || text === "") return "auto";
  return text.split(",").map((part) => {
    const backend = BACKEND_NAMES.find((name) => name === part.trim());
    if (backend !== undefined) return { backend };
    throw new ShardError(
      "unknown-backend",
      `Expected "workers" to list backends from ${BACKEND_NAMES.join(", ")}, received "${part}": write workers=wasm,webgl for two workers.`,
    );
  });
}

function readTileSize(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const size = Number(text);
  if (Number.isSafeInteger(size) && size >= 32 && size <= 1024) return size;
  throw new ShardError(
    "invalid-options",
    `Expected "tile" to be a whole number of pixels from 32 to 1024, received "${text}": leave it out to choose it by the picture's size.`,
  );
}

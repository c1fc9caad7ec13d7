import { BACKEND_NAMES, ShardError, type SharderOptions, type WorkerSpec } from "../index.js";
import { BUNDLED_MODEL, BUNDLED_SAMPLE } from "./bundled-files.js";

/** What the element does: enlarge a picture, or run a model of the user's choice. */
export type JobKind = "picture" | "model";

export type SplitKind = NonNullable<SharderOptions["split"]>;

/** The element's attributes, read. */
export interface ElementOptions {
  /** Address of the super-resolution model, relative to the page. Default: the bundled one. */
  readonly model: string;
  /** Address of the picture that is enlarged first, relative to the page; empty to start without one. */
  readonly source: string;
  readonly workers: "auto" | readonly WorkerSpec[];
  readonly split: SplitKind;
  /** Whether the model is loaded and the first picture enlarged without being asked to. */
  readonly isAutorun: boolean;
  /** Side of the tiles in pixels, halo included; `undefined` chooses it by the picture's size. */
  readonly tileSize: number | undefined;
}

/** The attributes that have properties of the same names. */
export const PROPERTY_NAMES = ["model", "src", "sample", "workers", "split", "job", "autorun", "controls"] as const;

/** The attributes that the page's address can set too: `?workers=wasm,wasm&tile=96`. */
export const OPTION_NAMES = [...PROPERTY_NAMES, "tile", "embed"] as const;

/** @throws ShardError "invalid-options", "unknown-backend", naming the attribute and what it received. */
export function readOptions(element: Element): ElementOptions {
  return {
    model: element.getAttribute("model") || BUNDLED_MODEL,
    source: element.getAttribute("src") || (element.getAttribute("sample") ?? BUNDLED_SAMPLE),
    workers: readWorkers(element.getAttribute("workers") ?? "auto"),
    split: readSplit(element),
    isAutorun: readAutorun(element),
    tileSize: readTileSize(element.getAttribute("tile")),
  };
}

/** Anything but "model" is the default. */
export function readJob(element: Element): JobKind {
  return element.getAttribute("job") === "model" ? "model" : "picture";
}

/** On unless it says "false": an attribute that is absent, empty or "true" leaves it on. */
export function readAutorun(element: Element): boolean {
  return element.getAttribute("autorun")?.trim().toLowerCase() !== "false";
}

/** Anything that is no split is the default. */
export function readSplit(element: Element): SplitKind {
  const text = element.getAttribute("split");
  return text === "batch" || text === "layers" ? text : "auto";
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

import { ShardError } from "../../src/core/errors.js";

/**
 * The context of a canvas in memory instead of on a GPU, since its pixels are read back.
 * @throws ShardError "out-of-memory"
 */
export function context2d(
  canvas: OffscreenCanvas,
  colourSpace: PredefinedColorSpace = "srgb",
): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: colourSpace });
  if (context !== null) return context;
  throw new ShardError(
    "out-of-memory",
    `Expected a canvas of ${canvas.width} × ${canvas.height} pixels, received none from the browser: close other tabs or choose a smaller picture.`,
  );
}

/** Whether canvases of this browser can hold the colours of Display P3. */
export function canHoldDisplayP3(): boolean {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { colorSpace: "display-p3" });
  // Older browsers ignore the option, and some don't report what they took.
  return context?.getImageData(0, 0, 1, 1).colorSpace === "display-p3";
}

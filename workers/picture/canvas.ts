import { ShardError } from "../../src/core/errors.js";

/**
 * The context of a canvas in memory instead of on a GPU, since its pixels are read back.
 * @throws ShardError "out-of-memory"
 */
export function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context !== null) return context;
  throw new ShardError(
    "out-of-memory",
    `Expected a canvas of ${canvas.width} × ${canvas.height} pixels, received none from the browser: close other tabs or choose a smaller picture.`,
  );
}

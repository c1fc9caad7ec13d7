import { ShardError } from "../../src/core/errors.js";

/**
 * A canvas in memory, not on a GPU: what is drawn is read back.
 * @throws ShardError "out-of-memory"
 */
export function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context !== null) return context;
  throw new ShardError(
    "out-of-memory",
    `Expected a canvas of ${canvas.width} × ${canvas.height} pixels, the browser has none to give: close other tabs or choose a smaller picture.`,
  );
}

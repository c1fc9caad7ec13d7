/**
 * The context of a canvas in memory, not on a GPU: each frame with a new tile would upload it.
 * @param colourSpace takes effect with the first call for a canvas.
 */
export function context2d(
  canvas: HTMLCanvasElement,
  colourSpace: PredefinedColorSpace = "srgb",
): CanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true, colorSpace: colourSpace })!;
}

/** Draw a canvas again after it was lost: a crash of the GPU process also clears canvases in memory. */
export function keepDrawn(canvas: HTMLCanvasElement, draw: () => void): void {
  canvas.addEventListener("contextrestored", draw);
}

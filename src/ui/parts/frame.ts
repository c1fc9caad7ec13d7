/** Texts that follow measurements change no faster than they can be read. */
export const TEXT_INTERVAL_MS = 150;

/**
 * Run `draw` in the next animation frame, once however often it is requested, and at most once every `intervalMs`.
 * @returns a function that requests the frame.
 */
export function perFrame(draw: () => void, intervalMs = 0): () => void {
  let isRequested = false;
  let drawnAtMs = -Infinity;
  const frame = (): void => {
    isRequested = false;
    drawnAtMs = performance.now();
    draw();
  };
  return () => {
    if (isRequested) return;
    isRequested = true;
    const waitMs = drawnAtMs + intervalMs - performance.now();
    if (waitMs > 0) setTimeout(() => requestAnimationFrame(frame), waitMs);
    else requestAnimationFrame(frame);
  };
}

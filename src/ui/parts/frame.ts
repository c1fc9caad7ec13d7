/**
 * Runs `draw` in the next animation frame however often it is asked for, at most once in `intervalMs`.
 * @returns asks for a frame.
 */
export function perFrame(draw: () => void, intervalMs = 0): () => void {
  let isAsked = false;
  let drawnAtMs = -Infinity;
  const frame = (): void => {
    isAsked = false;
    drawnAtMs = performance.now();
    draw();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    const waitMs = drawnAtMs + intervalMs - performance.now();
    if (waitMs > 0) setTimeout(() => requestAnimationFrame(frame), waitMs);
    else requestAnimationFrame(frame);
  };
}

/** Texts that follow measurements change no faster than they can be read. */
export const TEXT_INTERVAL_MS = 200;
/** A page in the background has no animation frames, and yet its title says how far it is, ms. */
const LONGEST_WAIT_MS = 1_000;

/**
 * Run `draw` in the next animation frame, once however often it is requested, and at most once every `intervalMs`; in the background,
 * within a second.
 * @returns a function that requests the frame.
 */
export function perFrame(draw: () => void, intervalMs = 0): () => void {
  let isRequested = false;
  let drawnAtMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frameId = 0;
  const frame = (): void => {
    clearTimeout(timer);
    cancelAnimationFrame(frameId);
    isRequested = false;
    drawnAtMs = performance.now();
    draw();
  };
  const request = (): void => {
    frameId = requestAnimationFrame(frame);
    timer = setTimeout(frame, LONGEST_WAIT_MS);
  };
  return () => {
    if (isRequested) return;
    isRequested = true;
    const waitMs = drawnAtMs + intervalMs - performance.now();
    if (waitMs > 0) setTimeout(request, waitMs);
    else request();
  };
}

/** The longest that the thread waits at a time, ms: browsers take no infinite timeout everywhere. */
const LONGEST_WAIT_MS = 60_000;

/** Block this worker's thread for `ms`, as an endless loop does. Infinity: until the worker is terminated. */
export function block(ms: number): void {
  const endMs = performance.now() + ms;
  const cell = sharedCell();
  for (let leftMs = ms; leftMs > 0; leftMs = endMs - performance.now()) {
    // A page that is not isolated has no shared memory to wait on: there the loop itself takes the time.
    if (cell !== undefined) Atomics.wait(cell, 0, 0, Math.min(leftMs, LONGEST_WAIT_MS));
  }
}

function sharedCell(): Int32Array<SharedArrayBuffer> | undefined {
  return typeof SharedArrayBuffer === "undefined" ? undefined : new Int32Array(new SharedArrayBuffer(4));
}

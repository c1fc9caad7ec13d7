/** Longer stretches of work would hold up the page's clicks and frames. */
const SLICE_MS = 12;

/** Breaks up long work on the page's thread: awaited often, it lets the page go first now and then. */
export class Slices {
  #beganAtMs = performance.now();

  /** @param onRest called before a rest. */
  async rest(onRest?: () => void): Promise<void> {
    if (performance.now() - this.#beganAtMs < SLICE_MS) return;
    onRest?.();
    await nextTask();
    this.#beganAtMs = performance.now();
  }
}

/** `setTimeout` waits for 4 ms once it is nested, and for a second in a hidden tab. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

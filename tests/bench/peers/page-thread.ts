/** What the page's thread was like while something ran. */
export interface PageThread {
  /** Longest task, ms; 0 if none took 50 ms, from which on browsers report them. */
  readonly longestTaskMs: number;
  /** The 99th percentile of the time between two frames, ms; 16.7 is a page that never waits. NaN if there was none. */
  readonly frameGapP99Ms: number;
}

/** Between two frames of a page that never waits, at 60 Hz. */
const FRAME_MS = 1000 / 60;
/** A task is reported only after it has ended. */
const REPORT_MS = 40;

/** Watches the page's thread during any number of runs. */
export class PageWatch {
  readonly #gapsMs: number[] = [];
  #longestTaskMs = 0;

  /** What `run` does, and what the page does until the end of the task in which it settles. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    let endMs = Infinity;
    const observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        // What was before may be reported late, too.
        if (startTime < endMs && startTime + duration > startMs)
          this.#longestTaskMs = Math.max(this.#longestTaskMs, duration);
      }
    });
    observer.observe({ entryTypes: ["longtask"] });
    let lastFrameMs = startMs;
    const onFrame = (): void => {
      const nowMs = performance.now();
      this.#gapsMs.push(nowMs - lastFrameMs);
      lastFrameMs = nowMs;
      request = requestAnimationFrame(onFrame);
    };
    let request = requestAnimationFrame(onFrame);
    try {
      const value = await run();
      // What the caller does with the value is none of the run's.
      await nextTask();
      return value;
    } finally {
      endMs = performance.now();
      cancelAnimationFrame(request);
      // A frame that is overdue has waited until here.
      if (endMs - lastFrameMs > FRAME_MS) this.#gapsMs.push(endMs - lastFrameMs);
      setTimeout(() => observer.disconnect(), REPORT_MS);
    }
  }

  summary(): PageThread {
    return { longestTaskMs: this.#longestTaskMs, frameGapP99Ms: percentile(this.#gapsMs, 0.99) };
  }
}

/** Unlike a timer, a message isn't delayed. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** The smallest value that at least `fraction` of the values don't exceed; NaN of none. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? NaN;
}

import { context2d } from "./canvas.js";

/** One canvas for many short uses: the garbage collector knows little of a canvas's size, and lets those of a long job pile up. */
export class ScratchCanvas {
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** Transparent for at least `width` × `height` pixels, until the next call. @throws ShardError "out-of-memory" */
  clear(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const canvas = this.#context?.canvas;
    if (this.#context === undefined || canvas === undefined || canvas.width < width || canvas.height < height) {
      const [leastWidth, leastHeight] = [canvas?.width ?? 0, canvas?.height ?? 0];
      this.#context = context2d(new OffscreenCanvas(Math.max(width, leastWidth), Math.max(height, leastHeight)));
    }
    this.#context.clearRect(0, 0, width, height);
    return this.#context;
  }
}

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/**
 * Free a buffer's memory now, not at the next garbage collection: it is handed over to where nobody takes it. (Its own
 * `transfer(0)` frees nothing earlier, and hides it from the collector.) The buffer is detached.
 */
export function release(buffer: ArrayBuffer): void {
  nowhere.postMessage(undefined, [buffer]);
}

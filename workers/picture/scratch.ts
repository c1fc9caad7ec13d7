import { context2d } from "./canvas.js";

/**
 * One canvas for many short uses: the garbage collector underestimates the size of canvases, so that those of a long
 * job would pile up.
 */
export class ScratchCanvas {
  readonly #colourSpace: PredefinedColorSpace;
  #context: OffscreenCanvasRenderingContext2D | undefined;

  constructor(colourSpace: PredefinedColorSpace) {
    this.#colourSpace = colourSpace;
  }

  /**
   * Get a context with at least `width` × `height` transparent pixels, valid until the next call.
   * @throws ShardError "out-of-memory"
   */
  clear(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const canvas = this.#context?.canvas;
    if (this.#context === undefined || canvas === undefined || canvas.width < width || canvas.height < height) {
      const [leastWidth, leastHeight] = [canvas?.width ?? 0, canvas?.height ?? 0];
      const larger = new OffscreenCanvas(Math.max(width, leastWidth), Math.max(height, leastHeight));
      this.#context = context2d(larger, this.#colourSpace);
    }
    this.#context.clearRect(0, 0, width, height);
    return this.#context;
  }
}

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/**
 * Free a buffer's memory now, not at the next garbage collection, by transferring it to a closed port. (Its own
 * `transfer(0)` frees nothing earlier and hides the memory from the collector.) The buffer is detached.
 */
export function release(buffer: ArrayBuffer): void {
  nowhere.postMessage(undefined, [buffer]);
}

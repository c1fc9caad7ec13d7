import type { OpenedPicture, PlacedTile } from "../../index.js";
import { element } from "../parts/dom.js";
import { perFrame } from "../parts/frame.js";

interface WaitingTile {
  readonly tile: PlacedTile<ImageBitmap>;
  readonly colour: string;
}

/** Drawing takes at most this much of a frame; the remaining tiles wait for the next one. */
const DRAW_BUDGET_MS = 6;
/** Each frame with a new tile uploads the whole canvas, which takes cores from the workers where there is no GPU. */
const DRAW_INTERVAL_MS = 80;
/** About as many pixels as the screen shows of the preview. */
export const MAX_PREVIEW_PIXELS = (globalThis.devicePixelRatio ?? 1) > 1 ? 4e6 : 1.5e6;
/** The tints are plain areas, which need no more pixels. */
const MAX_TINT_PIXELS = 1e6;

/** The picture in progress: scaled up plainly, then replaced tile by tile. Three canvases lie on top of each other. */
export class Preview {
  readonly root: HTMLElement;
  readonly #result = element("canvas", {
    class: "result",
    role: "img",
    "aria-label": "No picture yet",
    "data-testid": "result",
  });
  readonly #tints = element("canvas", { class: "tints", "aria-hidden": "true", "data-testid": "tints" });
  #original: HTMLCanvasElement | undefined;
  readonly #stage = element("div", { class: "stage" }, this.#result, this.#tints);
  readonly #empty = element("p", { class: "empty muted" }, "Choose a picture, drop one here or paste one.");
  #tintScale = 1;
  #waiting: WaitingTile[] = [];
  readonly #draw = perFrame(() => this.#drawTiles(), DRAW_INTERVAL_MS);

  constructor() {
    this.root = element("div", { class: "preview", "data-tints": "running" }, this.#empty);
  }

  /** Replace the picture that is shown. */
  open(opened: OpenedPicture<ImageBitmap>, name: string): void {
    this.#dropWaiting();
    this.root.replaceChildren(this.#stage);
    const { previewWidth, previewHeight, preview } = opened;
    this.#stage.style.setProperty("--preview-width", `${previewWidth}px`);
    this.#stage.style.setProperty("--preview-ratio", `${previewWidth / previewHeight}`);
    this.#tintScale = Math.min(1, Math.sqrt(MAX_TINT_PIXELS / (previewWidth * previewHeight)));
    resize(this.#result, previewWidth, previewHeight);
    resize(this.#tints, Math.ceil(previewWidth * this.#tintScale), Math.ceil(previewHeight * this.#tintScale));
    context2d(this.#result).drawImage(preview, 0, 0);
    this.#result.setAttribute("aria-label", `${name}, enlarged`);
    this.#showAsOriginal(preview);
    this.root.dataset["job"] = "running";
  }

  /** Takes ownership of the tile's bitmap. */
  addTile(tile: PlacedTile<ImageBitmap>, colour: string): void {
    this.#waiting.push({ tile, colour });
    this.#draw();
  }

  /** The tints fade out, unless they are always shown. */
  end(): void {
    this.root.dataset["job"] = "ended";
  }

  /** When the tiles are tinted in their workers' colours. */
  setTints(when: "running" | "always" | "never"): void {
    this.root.dataset["tints"] = when;
  }

  showOriginal(isShown: boolean): void {
    this.root.toggleAttribute("data-original", isShown);
  }

  close(): void {
    this.#dropWaiting();
  }

  #drawTiles(): void {
    const untilMs = performance.now() + DRAW_BUDGET_MS;
    const result = context2d(this.#result);
    const tints = context2d(this.#tints);
    while (this.#waiting.length > 0 && performance.now() < untilMs) {
      const { tile, colour } = this.#waiting.shift()!;
      const { x, y, width, height } = tile.target;
      // Where a tile is transparent, the plain picture must not show through.
      result.clearRect(x, y, width, height);
      result.drawImage(tile.bitmap, x, y);
      tile.bitmap.close();
      tint(tints, colour, x * this.#tintScale, y * this.#tintScale, width * this.#tintScale, height * this.#tintScale);
    }
    if (this.#waiting.length > 0) this.#draw();
  }

  /** Shows the bitmap itself: a canvas that is given a bitmap holds no pixels of its own. */
  #showAsOriginal(bitmap: ImageBitmap): void {
    const canvas = element("canvas", { class: "original", "aria-hidden": "true", "data-testid": "original" });
    resize(canvas, bitmap.width, bitmap.height);
    canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(bitmap);
    this.#original?.remove();
    this.#original = canvas;
    this.#stage.append(canvas);
  }

  #dropWaiting(): void {
    for (const { tile } of this.#waiting) tile.bitmap.close();
    this.#waiting = [];
  }
}

function tint(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.clearRect(x, y, width, height);
  context.fillStyle = colour;
  context.globalAlpha = 0.24;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 0.9;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - 1), Math.max(0, height - 1));
  context.globalAlpha = 1;
}

/** Keeps the canvas in memory, not on a GPU: if the GPU process dies in mid-job, the drawn tiles stay. */
function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true })!;
}

/** Also clears the canvas. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  canvas.width = width;
  canvas.height = height;
}
